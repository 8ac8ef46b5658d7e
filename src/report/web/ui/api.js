// Asks the server that the page came from. The token came with the address and stays in this tab.

const kKey = "plimsoll-token";

export class ApiError extends Error {
  constructor(status, error, faults) {
    super(error.what);
    this.status = status;
    this.where = error.where || "";
    this.hint = error.hint || "";
    this.faults = faults || [];
  }
  // As a sentence, with what helps.
  get text() {
    return (this.where ? this.where + ": " : "") + this.message + (this.hint ? " (" + this.hint + ")" : "");
  }
}

// From the address, from which it goes at once, or from before.
export function takeToken() {
  const found = /^#token=([0-9a-zA-Z_-]+)$/.exec(location.hash);
  if (found) {
    sessionStorage.setItem(kKey, found[1]);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(kKey);
}
export const keepToken = (token) => sessionStorage.setItem(kKey, token);
export const forgetToken = () => sessionStorage.removeItem(kKey);

async function ask(path, options) {
  const answer = await fetch(path, {
    ...options,
    cache: "no-store",
    headers: { ...options.headers, Authorization: "Bearer " + sessionStorage.getItem(kKey) },
  });
  const body = await answer.json().catch(() => null);
  if (answer.ok) return body;
  throw new ApiError(answer.status, (body && body.error) || { what: "the server answered " + answer.status }, body && body.faults);
}

export const get = (path) => ask(path, {});
export const post = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

// What goes wrong is a sentence for the reader, whatever it was.
export const sentence = (error) => (error instanceof ApiError ? error.text : "Plimsoll does not answer.");
