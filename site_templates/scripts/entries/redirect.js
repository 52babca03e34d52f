/* A page under a former name leads to the page under the present one, and keeps the anchor. */

const target = document.querySelector("a[data-moved]");
if (target) { location.replace(target.href.split("#")[0] + location.hash); }
