"use strict";
// Shows only the fields of the chosen key source. Without scripts all of them show, which works too.
{
    const FIELDS = {
        discovery: ["discovery_url"],
        jwks_url: ["jwks_url"],
        inline: ["jwks"],
        certificates: ["trust_anchors", "certificate_bindings"],
    };
    const show = (source) => {
        for (const [key, names] of Object.entries(FIELDS)) {
            for (const name of names) {
                const row = document.querySelector(`.field-${name}`)?.closest(".form-row");
                // A field with an error is never hidden.
                const hidden = key !== source && !row?.querySelector(".errorlist, .errors");
                row?.classList.toggle("ojg-hidden", hidden);
            }
        }
    };
    document.addEventListener("DOMContentLoaded", () => {
        const source = document.getElementById("id_key_source");
        if (source) {
            source.addEventListener("change", () => show(source.value));
            show(source.value);
        }
    });
}
