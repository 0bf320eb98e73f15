// What html-validate asks of every page; each rule that is off has its reason.
module.exports = {
  root: true,
  extends: ["html-validate:recommended"],
  elements: ["html5"],
  rules: {},
};
