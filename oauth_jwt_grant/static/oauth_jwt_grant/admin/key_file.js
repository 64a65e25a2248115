"use strict";
// Offers the key file as a download. Without scripts it can be selected and copied.
{
    document.addEventListener("DOMContentLoaded", () => {
        const file = document.getElementById("ojg-key-file");
        const button = document.getElementById("ojg-download");
        button.hidden = false;
        button.addEventListener("click", () => {
            const link = document.createElement("a");
            link.href = URL.createObjectURL(new Blob([file.value], {type: "application/json"}));
            link.download = file.dataset.name;
            link.click();
            setTimeout(() => URL.revokeObjectURL(link.href), 1000);
        });
        file.addEventListener("focus", () => file.select());
        // A browser may keep the page that is left, to come back to it; the key is not to be in it.
        window.addEventListener("pagehide", () => {
            file.value = file.defaultValue = "";
            button.hidden = true;
        });
    });
}
