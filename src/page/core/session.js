// Who looks at the page, and the token that says so. The token lives as long as the browser's tab.

const KEY = "skep.token";
let token = read();

function read() {
  try {
    return sessionStorage.getItem(KEY);
  } catch (refusal) {
    return null;
  }
}

export function currentToken() {
  return token;
}

/** null forgets it. */
export function setToken(value) {
  token = value;
  try {
    if (value) sessionStorage.setItem(KEY, value);
    else sessionStorage.removeItem(KEY);
  } catch (refusal) {
    // Without storage it lasts until the page is loaded again.
  }
}
