"use strict";
// Shows only the fields that the chosen policies use. Without scripts all of them show, which works too.
{
    const FIELDS = {
        client_policy: {applications: ["listed"], default_application: ["anonymous"]},
        subject_policy: {
            user: ["service_user"],
            subject_claim: ["user_field"],
            user_field: ["user_field"],
            allow_privileged_users: ["linked", "user_field", "service_user", "provision"],
        },
    };
    const show = (policy, value) => {
        for (const [name, values] of Object.entries(FIELDS[policy])) {
            const row = document.querySelector(`.form-row.field-${name}`);
            // A field with an error is never hidden.
            const hidden = !values.includes(value) && !row?.querySelector(".errorlist");
            row?.classList.toggle("ojg-hidden", hidden);
        }
    };
    document.addEventListener("DOMContentLoaded", () => {
        for (const policy of Object.keys(FIELDS)) {
            const select = document.getElementById(`id_${policy}`);
            if (select) {
                select.addEventListener("change", () => show(policy, select.value));
                show(policy, select.value);
            }
        }
    });
}
