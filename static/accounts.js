// The demo's accounts at sign-in: one that is chosen is filled in.
document.addEventListener("click", (event) => {
  const account = event.target.closest("a[data-account]");
  if (!account || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  document.getElementById("id_username").value = account.dataset.account;
  document.getElementById("id_password").value = "demo";
  account.closest("ul").querySelectorAll("li").forEach((li) => {
    const chosen = li.contains(account);
    li.classList.toggle("is-chosen", chosen);
    li.querySelector(".chosen").hidden = !chosen;
  });
  document.querySelector("main form button[type=submit]").focus();
});
