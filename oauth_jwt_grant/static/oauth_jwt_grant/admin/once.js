"use strict";
// Of two clicks on a button that makes a key, the first one counts: the answer to it is the only one with the key.
{
    const set = (form, disabled) => {
        for (const button of form.querySelectorAll('[type="submit"]')) {
            button.disabled = disabled;
        }
    };
    const forms = () => document.querySelectorAll("form.ojg-once");
    document.addEventListener("DOMContentLoaded", () => {
        for (const form of forms()) {
            form.addEventListener("submit", () => set(form, true));
        }
    });
    // A page from the browser's cache comes back in the state in which it was left.
    window.addEventListener("pageshow", () => forms().forEach((form) => set(form, false)));
}
