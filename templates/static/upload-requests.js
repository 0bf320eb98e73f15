/* How tus-js-client's requests carry our session, and how its errors become Problems. */

import { Problem, backgroundHeaders } from "./session.js";

// A HEAD answer has no body: then only the status says why.
const BY_STATUS = { 401: "AUTH_004", 403: "AUTH_006" };

export const REQUESTS = {
  retryDelays: null, // transfers retry by themselves: for as long as it takes
  onBeforeRequest(request) {
    for (const [name, value] of Object.entries(backgroundHeaders())) request.setHeader(name, value);
  },
  /** (!) tus-js-client takes any refusal of a HEAD for "no such upload" and would begin again with the first byte. */
  onAfterResponse(request, response) {
    const status = response.getStatus();
    const gone = request.getMethod() === "HEAD" && (status === 404 || status === 410);
    if (status >= 400 && !gone) throw new Problem(status, refusal(status, response.getBody()));
  },
};

/** Giving an upload up: a write that was just broken off may still be on its way. */
export const TERMINATION = { ...REQUESTS, retryDelays: [500, 2000, 5000] };

/** The Problem in an error of tus-js-client; without an answer of the server it is OFFLINE. */
export function problemOf(error) {
  if (error.causingError instanceof Problem) return error.causingError;
  const noAnswer = error.originalRequest && !error.originalResponse;
  return new Problem(0, noAnswer ? { code: "OFFLINE" } : { code: "UPLOAD", message: error.message });
}

/** Whether it is worth trying again without being asked: another writer, too many requests, a server that is away. */
export function passes({ status, code }) {
  return code === "OFFLINE" || [409, 423, 429].includes(status) || (status >= 500 && status !== 507);
}

function refusal(status, body) {
  try {
    return JSON.parse(body).error;
  } catch {
    return { code: BY_STATUS[status] };
  }
}
