// Asks the tracker. Every answer is JSON, and so is every error.

import { currentToken } from "./session.js";

const ROOT = "/api/v1/";
const PATIENCE_MS = 10000;

/** What the tracker said instead of what was asked for. `status` 0: it did not answer at all. */
export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  get lost() {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }

  get refused() {
    return this.status === 401 || this.status === 403;
  }
}

/** A path of the API from its parts, each percent-encoded, and a query; null and "" are left out. */
export function pathOf(parts, query = {}) {
  const given = Object.entries(query).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  const text = new URLSearchParams(given).toString();
  return parts.map(encodeURIComponent).join("/") + (text ? `?${text}` : "");
}

export function getJson(path) {
  return request("GET", path).then((response) => response.json());
}

export function getText(path) {
  return request("GET", path).then((response) => response.text());
}

export function getBlob(path) {
  return request("GET", path).then((response) => response.blob());
}

/** `body` is JSON to be, or a Blob that goes as it is; resolves with the answer, null if it is empty. */
export async function send(method, path, body) {
  const response = await request(method, path, body);
  return response.status === 204 ? null : response.json();
}

/** The whole URL of a path of the API, for links. */
export function urlOf(path) {
  return ROOT + path;
}

async function request(method, path, body) {
  const response = await reach(method, path, body);
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  throw new ApiError(
    response.status,
    said.error?.code ?? "unknown",
    said.error?.message ?? `The tracker answered with status ${response.status}.`,
  );
}

async function reach(method, path, body) {
  try {
    return await fetch(ROOT + path, {
      method,
      headers: headersFor(body),
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
      body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
    });
  } catch (failure) {
    throw new ApiError(0, "unreachable", "The tracker does not answer.");
  }
}

function headersFor(body) {
  const headers = { Accept: "application/json" };
  if (currentToken()) headers.Authorization = `Bearer ${currentToken()}`;
  if (body instanceof Blob) headers["Content-Type"] = "application/x-bittorrent";
  else if (body !== undefined) headers["Content-Type"] = "application/json";
  return headers;
}
