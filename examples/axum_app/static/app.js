// The only two things that need a script: forms that post themselves, and buttons that copy.
for (const form of document.querySelectorAll("form[data-submit]")) form.submit();
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const from = document.getElementById(button.dataset.copy);
  const text = from.value ?? from.textContent;
  try {
    await navigator.clipboard.writeText(text);
    const label = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1500);
  } catch {
    const range = document.createRange();
    range.selectNodeContents(from);
    from.select ? from.select() : getSelection().addRange(range);
  }
});
