"use strict";
// Select2's boxes have no names of their own: each gets that of its field, for screen readers.
{
    const nameBox = (select) => {
        const label = select.form?.querySelector(`label[for="${select.id}"]`);
        const box = select.nextElementSibling;
        if (!label || !box) {
            return;
        }
        label.id ||= `${select.id}_label`;
        for (const part of box.querySelectorAll('[role="combobox"], [role="textbox"], [role="searchbox"]')) {
            part.setAttribute("aria-labelledby", label.id);
        }
        const named = (event) => {
            const search = document.querySelector(".select2-dropdown .select2-search__field");
            search?.setAttribute("aria-labelledby", event.target.id + "_label");
        };
        django.jQuery(select).on("select2:open", named);
    };
    // After `load`, and then in jQuery's turn: Django makes the boxes in an earlier one.
    window.addEventListener("load", () => {
        django.jQuery(() => document.querySelectorAll("select.admin-autocomplete").forEach(nameBox));
    });
}
