// Names of machines, such as “Anna's laptop”, by address.

import { apiPath, send } from "../core/api.js";
import { notify } from "../core/notices.js";
import { openPrompt } from "./dialog.js";

/** What a machine is called: its name, or its address. */
export const machineName = ({ machine, address }) => machine || address;

/** Calls `done()` after the machine is named. */
export function nameMachine(address, name, done) {
  openPrompt(`Name ${address}`, "Name", name ?? "", "Save", async (newName) => {
    await send("POST", "machines", { address, name: newName });
    done();
  });
}

/** Calls `done()` after the name is removed. */
export async function unnameMachine(address, done) {
  try {
    await send("DELETE", apiPath(["machines", address]));
    done();
  } catch (error) {
    notify(error.message, "bad");
  }
}
