// A person's rights beside erasure: restriction and objection (POPIA sections 11(3) and 14(6)), correction (24).

import { noteCommandAccess } from '../compliance/command-access.ts'
import type { Context } from '../context.ts'
import { ConflictError, UsageError } from '../errors.ts'
import { findSubject } from '../identity/contacts.ts'
import { correctionsOf } from '../identity/corrections.ts'
import {
  allRestrictions,
  RESTRICTIONS,
  type Restriction,
  type RestrictionKind,
  requireSubject,
} from '../identity/restrictions.ts'
import { isAddress } from '../mail/addresses.ts'
import { maskEmail } from '../pii/mask.ts'
import type { Answer } from '../saga/changes.ts'
import { correctSubject, disputeSubject } from '../saga/correct-subject.ts'
import { liftSubject, restrictSubject } from '../saga/restrict-subject.ts'
import type { Arguments, Command } from './command.ts'
import { osUser } from './os-user.ts'
import { askedFor, forSubject, WHO } from './subject-context.ts'

export const showCommand: Command = {
  usage: 'subject show ID [--json]',
  summary: `Say what holds for a person: kind, roles, restrictions, corrections, erasure. ${WHO}`,
  positionals: { least: 1, most: 1 },
  examples: ['subject show cmb2x9k4d0001', 'subject show - < address.txt'],
  files: 'changes',
  async run(args) {
    return await forSubject<0>(args, async (context, subjectId) => {
      const shown = shownOf(context, subjectId)
      if (args.flag('json')) process.stdout.write(`${JSON.stringify(shown)}\n`)
      else
        process.stdout.write(
          Object.entries(shown)
            .map(([name, value]) => `${name.padEnd(14)} ${said(value)}\n`)
            .join(''),
        )
      return 0
    })
  },
}

const heldOf = ({ kind, createdAt: since, liftedAt }: Restriction) => ({ kind, since, liftedAt })

/** A list on one line: `kind objected, since 2026-11-22T18:00:00.000Z; …`. */
function said(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(said).join('; ')
  if (value === null || typeof value !== 'object') return String(value ?? '-')
  return Object.entries(value)
    .map(([name, one]) => `${name} ${said(one) || '-'}`)
    .join(', ')
}

function shownOf({ files }: Context, subjectId: string) {
  const { rows } = files.identity
  const erasures = rows.list('Erasure', { subjectId }).map(({ id, startedAt, doneAt }) => ({ id, startedAt, doneAt }))
  const buried = rows.find('Tombstone', { subjectId })
  if (buried) return { subjectId, erasedAt: buried.erasedAt, erasures }
  const { kind, email, createdAt } = requireSubject(rows, subjectId)
  const { isAdmin = false, isServiceAdmin = false } = rows.find('User', { id: subjectId }) ?? {}
  return {
    ...{ subjectId, kind, email: maskEmail(email), createdAt, isAdmin, isServiceAdmin },
    restrictions: allRestrictions(rows, subjectId).map(heldOf),
    corrections: correctionsOf(rows, subjectId).map(({ field, outcome, createdAt: at }) => ({ field, outcome, at })),
  }
}

export const restrictCommand: Command = {
  usage: 'subject restrict ID [--objection] [--note TEXT] [--json]',
  summary: `Stop the use of a person's information: no mail unasked, no recurring charge (POPIA s14(6), s11(3)). ${WHO}`,
  positionals: { least: 1, most: 1 },
  options: {
    objection: {
      type: 'boolean',
      help: 'the person objected to the use; otherwise its accuracy or lawfulness is in question',
    },
    note: { type: 'string', value: 'TEXT', help: 'what the person said' },
  },
  examples: [
    'subject restrict cmb2x9k4d0001',
    'subject restrict cmb2x9k4d0001 --objection --note "by letter of 3 May"',
  ],
  files: 'changes',
  async run(args) {
    const kind: RestrictionKind = args.flag('objection') ? RESTRICTIONS[1] : RESTRICTIONS[0]
    const note = args.text('note')
    return await forSubject(args, async ({ sagas }, subjectId) =>
      print(await restrictSubject(sagas, { subjectId, kind, note }, askedFor('subject restrict', subjectId)), args),
    )
  },
}

export const liftCommand: Command = {
  usage: 'subject lift ID [--json]',
  summary: `Lift a person's restrictions; tell the person first (POPIA s14(8)). ${WHO}`,
  positionals: { least: 1, most: 1 },
  examples: ['subject lift cmb2x9k4d0001'],
  files: 'changes',
  run: (args) =>
    forSubject(args, async ({ sagas }, subjectId) =>
      print(await liftSubject(sagas, subjectId, askedFor('subject lift', subjectId)), args),
    ),
}

export const correctCommand: Command = {
  usage: 'subject correct ID (--email EMAIL | --dispute TEXT [--field FIELD]) [--json]',
  summary: `Put a person's email right wherever it lives, or note what they dispute (POPIA s24). ${WHO}`,
  positionals: { least: 1, most: 1 },
  options: {
    email: { type: 'string', value: 'EMAIL', help: 'the right address' },
    dispute: { type: 'string', value: 'TEXT', help: 'change nothing; note what the person says' },
    field: {
      type: 'string',
      value: 'FIELD',
      help: 'what the dispute is about, such as identity.User.email; left out: nothing in particular',
    },
  },
  examples: [
    'subject correct cmb2x9k4d0001 --email thandi@example.co.za',
    'subject correct cmb2x9k4d0001 --dispute "I never redeemed it" --field admin.Voucher.redeemedBy',
  ],
  files: 'changes',
  async run(args) {
    const [email, note, field] = [args.text('email'), args.text('dispute'), args.text('field')]
    if ((email === undefined) === (note === undefined))
      throw new UsageError('subject correct needs either --email with the right address, or --dispute with a note.')
    if (email !== undefined && !isAddress(email.trim()))
      throw new UsageError('--email expects an address that mail goes to.')
    return await forSubject(args, async (context, subjectId) => {
      const asked = askedFor('subject correct', subjectId)
      const { sagas } = context
      if (email !== undefined) return print(await corrected(context, { subjectId, email }), args)
      return print(await disputeSubject(sagas, { subjectId, note: note ?? '', field }, asked), args)
    })
  },
}

/** That an address is somebody else's tells of that person, and is on record before it is said. */
async function corrected(context: Context, wish: { readonly subjectId: string; readonly email: string }) {
  const { sagas, files } = context
  try {
    return await correctSubject(sagas, wish, askedFor('subject correct', wish.subjectId))
  } catch (error) {
    const owner = error instanceof ConflictError ? findSubject(files.identity.rows, wish.email) : undefined
    const access = { command: 'gogga subject correct', fields: ['users.email', 'contacts.email'], osUser: osUser() }
    if (owner !== undefined && owner !== wish.subjectId)
      await files.identity.change((tx) =>
        noteCommandAccess(tx, { ...access, subjects: [owner], purpose: 'correction-request' }, context),
      )
    throw error
  }
}

function print({ data, change }: Answer<object>, args: Arguments): 0 {
  const later = change.settled ? '' : 'Begun and sure to come, but not there yet in every file.\n'
  if (args.flag('json')) process.stdout.write(`${JSON.stringify({ ...data, settled: change.settled })}\n`)
  else {
    const words = Object.entries(data).map(([name, value]) => `${name}: ${String(value)}`)
    process.stdout.write(`${words.join(', ')}\n${later}`)
  }
  return 0
}
