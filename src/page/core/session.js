// The admin token. sessionStorage keeps it until the browser tab is closed.

const KEY = "skep.token";
let token = readToken();

function readToken() {
  try {
    return sessionStorage.getItem(KEY);
  } catch (refusal) {
    return null;
  }
}

export function currentToken() {
  return token;
}

/** Null removes the token. */
export function setToken(value) {
  token = value;
  try {
    if (value) sessionStorage.setItem(KEY, value);
    else sessionStorage.removeItem(KEY);
  } catch (refusal) {
    // Storage is disabled: the token is kept until the page is reloaded.
  }
}
