// What html-validate asks of every page; each rule that is off or changed has its reason.
module.exports = {
  root: true,
  extends: ["html-validate:recommended"],
  // A photo that a script decrypts has no address before.
  elements: ["html5", { img: { attributes: { src: { required: false } } } }],
  rules: {
    // Lower case, as everything else in the pages.
    "doctype-style": ["error", { style: "lowercase" }],
    // HTML's own defaults are what is meant: an input is text, a button sends its form.
    "no-implicit-input-type": "off",
    "no-implicit-button-type": "off",
    // Left by conditions of the templates; no browser minds, and stripping it would make them hard to read.
    "no-trailing-whitespace": "off",
    // A title is the name of a person's own file.
    "long-title": "off",
    // Choices of which several can be made have one name.
    "form-dup-name": ["error", { shared: ["radio", "checkbox", "button", "submit"] }],
    // A form whose choices are read when a file is added sends nothing; the search has its button.
    "wcag/h32": "off",
    // ARIA lets lists and regions have names.
    "aria-label-misuse": ["error", { allowAnyNamable: true }],
  },
};
