// What the first word of a statement tells before SQLite compiles it.
import { DriverAdapterError } from '@prisma/driver-adapter-utils'

const MAY_READ = /^(?:\s|--.*\n|\/\*[\s\S]*?\*\/)*(?:select|with|values|explain|pragma)\b/i
const CONTROL = /^(?:\s|--.*\n|\/\*[\s\S]*?\*\/)*(attach|detach|begin|commit|end|rollback|savepoint|release)\b/i

/** True for statements that may be reads; whether they are, SQLite says once they are compiled (`with … insert`). */
export const mayRead = (sql: string): boolean => MAY_READ.test(sql)

/** Throws for statements that would open or end a transaction behind the adapter's back, or a second file. */
export function refuseControl(sql: string): void {
  const word = CONTROL.exec(sql)?.[1]?.toUpperCase()
  if (!word) return
  const advice = word === 'ATTACH' || word === 'DETACH' ? 'a connection sees one file' : 'use $transaction'
  throw new DriverAdapterError({ kind: 'InvalidInputValue', message: `${word} is refused: ${advice}` })
}
