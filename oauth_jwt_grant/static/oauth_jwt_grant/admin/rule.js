"use strict";
// Shows only the fields that the chosen policies use. Without scripts all of them show, which works too.
{
    const FIELDS = {
        client_policy: {applications: ["listed"], default_application: ["anonymous"]},
        subject_policy: {
            user: ["service_user"],
            subject_claim: ["linked", "user_field", "provision"],
            user_field: ["user_field"],
            groups: ["provision"],
            user_fields: ["provision"],
            allow_privileged_users: ["linked", "user_field", "service_user", "provision"],
        },
    };
    const doors = (prefix) => document.querySelectorAll(`input[name="${prefix}accepted_as"]`);
    // Without a client of its own, an assertion that authenticates one speaks for the default application.
    const speaksForClient = (prefix) => [...doors(prefix)].some((box) => box.checked && box.value === "client_assertion");
    const show = (prefix, policy, value) => {
        for (const [name, values] of Object.entries(FIELDS[policy])) {
            const row = document.querySelector(`.field-${prefix}${name}`)?.closest(".form-row");
            // A field with an error is never hidden.
            const needed = name === "default_application" && speaksForClient(prefix);
            const hidden = !needed && !values.includes(value) && !row?.querySelector(".errorlist, .errors");
            row?.classList.toggle("ojg-hidden", hidden);
        }
    };
    document.addEventListener("DOMContentLoaded", () => {
        // The form of a preset holds the same fields with a prefix.
        for (const prefix of ["", "rule_"]) {
            for (const policy of Object.keys(FIELDS)) {
                const select = document.getElementById(`id_${prefix}${policy}`);
                if (select) {
                    select.addEventListener("change", () => show(prefix, policy, select.value));
                    doors(prefix).forEach((box) => box.addEventListener("change", () => show(prefix, policy, select.value)));
                    show(prefix, policy, select.value);
                }
            }
        }
    });
}
