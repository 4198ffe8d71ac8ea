// People and vouchers for tests of changes across files; without vitest, so that child processes may use it.
import type { Context } from '../../src/context.ts'
import type { Tx } from '../../src/database/rows.ts'
import { postParentDeleted } from '../../src/saga/parent-deleted.ts'
import type { Asked } from '../../src/saga/requests.ts'

export const NOW = new Date('2026-06-01T12:00:00.000Z')
export const SECOND = 1_000
export const DAY = 86_400_000

export const ADMIN = { userId: 'boss', ip: '196.25.1.7' } as const

/** Users with their FREE subscription, and one administrator. */
export async function addPeople({ files }: Context, ...ids: readonly string[]): Promise<void> {
  await files.identity.change((tx) => {
    const times = { createdAt: NOW, updatedAt: NOW }
    for (const id of ids)
      tx.insert('User', { id, email: `${id}@mail.example`, isAdmin: false, isServiceAdmin: false, ...times })
    if (tx.find('User', { id: ADMIN.userId })) return
    tx.insert('User', { id: ADMIN.userId, email: 'boss@mail.example', isAdmin: true, isServiceAdmin: true, ...times })
  })
}

/** A voucher with this id and the code `CODE-<id>`. */
export async function addVouchers({ files }: Context, type: string, ...ids: readonly string[]): Promise<void> {
  await files.admin.change((tx) => {
    for (const id of ids)
      tx.insert('Voucher', {
        ...{ id, code: codeOf(id), type, valueCents: 20_000, createdBy: ADMIN.userId, createdAt: NOW },
        ...{ expiresAt: new Date(NOW.getTime() + 365 * DAY), voided: false, redeemed: false },
      })
  })
}

export const codeOf = (voucherId: string): string => `CODE-${voucherId.toUpperCase()}`

export const asked = (route: string, body: unknown = {}, more: Partial<Asked> = {}): Asked => ({ route, body, ...more })

/** As whoever deletes a row that others name: the row, and what follows from it, in one change. */
export const deleteUser = ({ sagas }: Context, id: string) =>
  sagas.changes.begin('identity', asked('delete a user'), {
    write(tx, begin) {
      tx.remove('User', { id })
      postParentDeleted(tx as unknown as Tx, { model: 'User', ids: [id] }, begin)
      return { data: { id } }
    },
  })
