// A question that must be answered before something is done that cannot be undone.
import { byId, text } from "./dom.js";

export function ask({ title, message, yes, danger }) {
  const dialog = byId("ask");
  text(byId("ask-title"), title);
  text(byId("ask-text"), message);
  text(byId("ask-yes"), yes);
  byId("ask-yes").classList.toggle("danger", Boolean(danger));
  return new Promise((resolve) => {
    let answer = false;
    const say = (value) => () => {
      answer = value;
      dialog.close();
    };
    byId("ask-yes").onclick = say(true);
    byId("ask-no").onclick = say(false);
    dialog.addEventListener("close", () => resolve(answer), { once: true });
    dialog.showModal();
    byId("ask-no").focus();
  });
}
