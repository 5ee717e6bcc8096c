// Requests to the tracker's API. Responses are JSON, errors too.

import { currentToken } from "./session.js";

const ROOT = "api/v1/"; // relative, so that the page works under a path of a proxy
const TIMEOUT_MS = 10000;

/** An error response. `status` is 0 if there was no response. */
export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Whether a later attempt may succeed: no response, or a proxy or the tracker is not ready. */
  get unreachable() {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }

  get unauthorized() {
    return this.status === 401 || this.status === 403;
  }
}

/** A query string. Null, undefined and "" are left out. */
export function queryString(query) {
  const given = Object.entries(query).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  return new URLSearchParams(given).toString();
}

/** A path of the API. Percent-encodes each part. */
export function apiPath(parts, query = {}) {
  const text = queryString(query);
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

/** Resolves to a response whose body has no end; `signal` aborts it. */
export function openStream(path, signal) {
  return request("GET", path, undefined, signal);
}

/** Sends a Blob unchanged, any other body as JSON. Resolves to the response, or null if it is empty. */
export async function send(method, path, body) {
  const response = await request(method, path, body);
  return response.status === 204 ? null : response.json();
}

/** The URL of a path of the API, for links. */
export function apiUrl(path) {
  return ROOT + path;
}

async function request(method, path, body, signal = AbortSignal.timeout(TIMEOUT_MS)) {
  const response = await fetchApi(method, path, body, signal);
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({}));
  throw new ApiError(
    response.status,
    error?.code ?? "unknown",
    error?.message ?? `Request failed with HTTP status ${response.status}.`,
  );
}

async function fetchApi(method, path, body, signal) {
  try {
    return await fetch(ROOT + path, {
      method,
      headers: headersFor(body),
      cache: "no-store",
      signal,
      body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
    });
  } catch (failure) {
    throw new ApiError(0, "unreachable", "Cannot reach the tracker.");
  }
}

function headersFor(body) {
  const headers = { Accept: "application/json" };
  if (currentToken()) headers.Authorization = `Bearer ${currentToken()}`;
  if (body instanceof Blob) headers["Content-Type"] = "application/x-bittorrent";
  else if (body !== undefined) headers["Content-Type"] = "application/json";
  return headers;
}
