// Who runs a command, for the access log. The name of an account is personal information of staff, and its number says as
// much to whoever may look it up on the machine.
import { readFileSync } from 'node:fs'

/** Linux keeps who signed in, whatever sudo or su did since; this number stands where nobody did. */
const LOGIN_UID = '/proc/self/loginuid'
const UNSET = 4_294_967_295

/** `1001`, or `1001 as 998` where it runs with the rights of another; null where the system has no such numbers. */
export function osUser(path: string = LOGIN_UID): string | null {
  const uid = process.geteuid?.()
  if (uid === undefined) return null
  const signedIn = loginOf(path)
  return signedIn === undefined || signedIn === uid ? String(uid) : `${signedIn} as ${uid}`
}

function loginOf(path: string): number | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim()
    const uid = Number(text)
    return /^\d+$/.test(text) && uid !== UNSET ? uid : undefined
  } catch {
    return undefined // No Linux, or a kernel that does not keep it.
  }
}
