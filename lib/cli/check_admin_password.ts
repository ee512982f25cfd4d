import type { Settings } from "../core/settings/settings.ts";
import { count } from "../core/values/count.ts";
import { messageOf } from "../core/values/message_of.ts";
import { checkWay, isTrustedUser } from "../haproxy/files/trusted_path.ts";
import { parseAdminUsers } from "../report/password/admin_users.ts";
import { absolute } from "./absolute.ts";
import type { Check } from "./check.ts";
import { wrongUsage } from "./failure.ts";

type Given = Pick<Settings, "admin" | "adminPasswordFile">;

/** The right of all users to write a file; a group may be the operators'. */
const OTHERS_WRITE = 0o002;

/** Throws Failure where nobody could be let in. */
export async function checkAdminPassword({ admin, adminPasswordFile }: Given): Promise<void> {
  if (adminPasswordFile === undefined) return;
  if (admin === undefined) throw wrongUsage("--admin-password-file needs --admin ADDRESS:PORT");
  const { trouble } = await readUsers(adminPasswordFile);
  if (trouble !== undefined) throw wrongUsage(trouble);
}

/** The same for doctor, which tells too whether others could put a password of theirs there; nothing without that setting. */
export async function checkAdminUsers({ admin, adminPasswordFile }: Given): Promise<Check[]> {
  if (adminPasswordFile === undefined) return [];
  const name = "--admin-password-file";
  if (admin === undefined) {
    const detail = "it is set without --admin, and lets nobody in anywhere";
    return [{ name, isGood: false, detail, remedy: "set --admin ADDRESS:PORT too" }];
  }
  const { trouble, users } = await readUsers(adminPasswordFile);
  if (trouble !== undefined) {
    const remedy = "`signalbox password USER` makes a line; until it is right, nobody is let in";
    return [{ name, isGood: false, detail: trouble, remedy }];
  }
  try {
    const path = absolute(adminPasswordFile);
    checkWay(path);
    const { uid, mode } = await Deno.stat(path);
    if (!isTrustedUser(uid) || ((mode ?? 0) & OTHERS_WRITE) !== 0) {
      throw new Error(`others can write ${adminPasswordFile}, and put a password of theirs there`);
    }
    return [{
      name,
      isGood: true,
      detail: `${count(users, "user")}, and nobody else can change ${adminPasswordFile}`,
    }];
  } catch (error) {
    return [{
      name,
      isGood: false,
      detail: messageOf(error),
      remedy: `fix its owner or mode, or name another file with ${name}`,
    }];
  }
}

async function readUsers(file: string): Promise<{ readonly users: number; readonly trouble?: string }> {
  try {
    const users = parseAdminUsers(await Deno.readTextFile(absolute(file)));
    return users.ok
      ? { users: users.value.length }
      : { users: 0, trouble: `cannot use --admin-password-file "${file}": expected ${users.expected}` };
  } catch (error) {
    return { users: 0, trouble: `cannot read --admin-password-file "${file}": ${messageOf(error)}` };
  }
}
