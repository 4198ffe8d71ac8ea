// Canaries through every legacy column, every route and every field of free text; afterwards the raw bytes of billing.db and
// admin.db, their logs, their backups and the application's log hold none of them, while identity.db holds many.
import { hash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import type { NeedleKind } from '../../src/compliance/audit/bytes/kinds.ts'
import { scanBytes } from '../../src/compliance/audit/bytes/scan.ts'
import { readConfig, TRY_OUT } from '../../src/config.ts'
import { createContext } from '../../src/context.ts'
import { type CatalogModel, modelsOf } from '../../src/database/catalog.ts'
import type { FileError } from '../../src/errors.ts'
import { AUTHORIZATION } from '../../src/http/authorization.ts'
import { purge } from '../../src/ops/purge/purge.ts'
import { restore } from '../../src/ops/restore/restore.ts'
import { REPORT_FILE, split } from '../../src/transfer/split.ts'
import { withDatabases, withFolder } from '../helpers/databases.ts'
import { startPayfast } from '../helpers/payfast-server.ts'
import { transferContext } from '../helpers/transfer.ts'
import { withRoles } from '../http/administrators.ts'
import { type TestApp, withApp } from '../http/app.ts'
import { type Cage, createCage, KINDS, type Kind } from './canaries/birds.ts'
import { guessed } from './canaries/guesses.ts'
import { numbersIn, plantKeys, plantLegacy } from './canaries/legacy.ts'
import { backupPlaces, folderPlaces, guardedPlaces, type Place, policiesOf, takeBackups } from './canaries/places.ts'
import { askAll, type Document, FORM, formFields } from './canaries/requests.ts'

/** What is purged, and numbers that identity.db holds as numbers, or as the times that they became. */
const GONE = /^legacy (AuthLog|LoginToken|User\.is\w+ (idNumber|card)$|\w+\.(\w+At|nextBilling|lastReset) idNumber$)/

/** Of the eleven tables, their keys apart: a new one must be planted too. */
const COLUMNS = 93

const NOW = new Date('2026-06-01T12:00:00.000Z')

/** `kind in place: origin`, for every canary that is where it may not be. */
const leaks = (cage: Cage, places: readonly Place[]): readonly string[] =>
  places.flatMap(({ name, bytes }) => [...cage.search(bytes)].map(({ place }) => `${name}: ${place}`))

test('the search finds a canary of every kind in every form', () => {
  const cage = createCage()
  for (const kind of KINDS) {
    const value = cage.plant(kind, kind)
    const forms: Readonly<Record<string, Buffer>> = {
      plain: Buffer.from(`a ${value} b`),
      'other case': Buffer.from(value.toUpperCase()),
      'UTF-16': Buffer.from(value, 'utf16le'),
      percent: Buffer.from(encodeURIComponent(value)),
      base64: Buffer.from(Buffer.from(`12${value}`).toString('base64')),
      hex: Buffer.from(`0${Buffer.from(value).toString('hex')}`),
      'JSON escapes': Buffer.from(value.replace(/[^\w]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`)),
      'quoted-printable': Buffer.from(value.replace('@', '=40')),
    }
    for (const [form, bytes] of Object.entries(forms))
      expect(
        [...cage.search(bytes)].map(({ place }) => place),
        `${kind} as ${form}`,
      ).toEqual([kind])
  }
})

test('the search finds digests of canaries', () => {
  const cage = createCage()
  const value = cage.plant('email', 'a key')
  for (const form of ['latin1', 'hex', 'base64'] as const) {
    const bytes = Buffer.from(`a ${hash('sha256', value, 'buffer').toString(form)} b`, 'latin1')
    expect(guessed(cage, [{ name: form, bytes }])).toEqual([`${form}: digest of a key`])
  }
})

test('what every column of the unified database holds of people is in identity.db alone, in backups and after a restore too', () =>
  withFolder(async (dir) => {
    const [cage, legacy, data] = [createCage(), join(dir, 'legacy.db'), join(dir, 'data')]
    const planted = plantLegacy(legacy, cage)
    expect(planted.columns).toHaveLength(COLUMNS)
    const there = new Set([...cage.search(readFileSync(legacy))].map(({ place }) => place))
    const numbers = numbersIn(readFileSync(legacy), cage)
    expect(new Set(cage.all.map(({ place }) => place)).difference(there.union(new Set(numbers)))).toEqual(new Set())
    expect(numbers.length).toBeGreaterThan(60)
    await split({ legacy, into: data, context: transferContext() })
    const config = readConfig({ GOGGA_DATA_DIR: data }, dir)
    {
      await using context = await createContext(config, { now: () => NOW })
      await purge(context.files, { now: NOW })
      await takeBackups(data, NOW)
      const report = { name: REPORT_FILE, bytes: readFileSync(join(data, REPORT_FILE)) }
      const places = [report, ...guardedPlaces(data), ...(await backupPlaces(data))]
      expect(places.map(({ name }) => name)).toEqual(expect.arrayContaining(['billing.db-wal', 'admin.db-wal']))
      expect(leaks(cage, places)).toEqual([])
      for (const { name, bytes } of guardedPlaces(data)) expect(numbersIn(bytes, cage), name).toEqual([])
      expect(await searched(cage, places)).toEqual([])
    }
    for (const policy of policiesOf(data)) {
      const sources = { now: () => NOW, newId: () => 'restore' }
      const options = { policy, wanted: { from: 'latest' }, paths: config.paths, dryRun: false, sources } as const
      expect((await restore(options)).kept).not.toBeNull()
    }
    expect(leaks(cage, guardedPlaces(data))).toEqual([])
    const kept = new Set(folderPlaces(join(data, 'identity')).flatMap(({ bytes }) => [...cage.search(bytes)]))
    const retained = cage.all.filter(({ place }) => !GONE.test(place))
    expect(retained.filter((canary) => !kept.has(canary))).toEqual([])
  }))

test.each(KINDS.filter((kind) => kind !== 'idNumber'))(
  'an id that is like %s is refused before anything is written',
  (kind) =>
    withFolder(async (dir) => {
      const [cage, legacy, data] = [createCage(), join(dir, 'legacy.db'), join(dir, 'data')]
      const keys = plantKeys(legacy, cage, kind).filter((place) => !/^(AuthLog|LoginToken)/.test(place))
      const refused = await split({ legacy, into: data, context: transferContext() }).catch((error: FileError) => error)
      expect(refused).toMatchObject({ errors: keys.map((at) => expect.objectContaining({ at })) })
      expect(leaks(cage, [{ name: 'the message', bytes: Buffer.from(JSON.stringify(refused)) }])).toEqual([])
      expect(existsSync(data)).toBe(false)
    }),
)

test('what any route is given of people is in identity.db alone, and in no log, answer or backup', () =>
  withApp(
    async (world) => {
      const { app, context, databases, log } = world
      await withRoles(world)
      const [cage, refused] = [createCage(), [] as string[]]
      const document = (await app.inject('/openapi.json')).json() as Document
      const asked = await askAll(world, document, cage)
      refused.push(...asked.refusals)
      expect([...AUTHORIZATION.keys()].filter((route) => !asked.routes.has(route))).toEqual([FORM])
      expect(asked.routesRefused(), 'routes that took no canary at all').toEqual([])
      const prose = asked.freeText().filter((place) => !(place in NEVER_TAKEN))
      for (const place of prose)
        expect([...asked.takenAt(place)], place).toEqual(place.endsWith(' email') ? ['email'] : KINDS)
      const form = await notify(world, cage)
      expect(NOTIFIED).toEqual(expect.arrayContaining(formFields(document).filter((field) => field !== 'signature')))
      expect(form).toEqual(expect.arrayContaining(PASSED_OVER))
      const { rows } = context.files.admin
      expect(rows.list('AdminLog', {}).filter(({ meta }) => meta?.includes('pii:')).length).toBeGreaterThan(20)

      await takeBackups(databases.dir, NOW)
      const texts = { 'the log': log.join(''), refusals: refused.join('\n') }
      const places = [
        ...guardedPlaces(databases.dir),
        ...(await backupPlaces(databases.dir)),
        ...Object.entries(texts).map(([name, text]) => ({ name, bytes: Buffer.from(text) })),
      ]
      expect(log.length, 'a line for every request').toBeGreaterThan(1_000)
      expect(leaks(cage, places)).toEqual([])
      const kept = new Set(
        folderPlaces(join(databases.dir, 'identity')).flatMap(({ bytes }) => [...cage.search(bytes)]),
      )
      for (const place of prose)
        for (const kind of asked.takenAt(place))
          expect(
            [...kept].some((canary) => canary.place === place && canary.kind === kind),
            `${kind} of ${place}`,
          ).toBe(true)
      expect(guessed(cage, guardedPlaces(databases.dir))).toEqual([])
      expect(await searched(cage, places)).toEqual([])
      expect(await searched(cage, folderPlaces(join(databases.dir, 'identity')))).not.toEqual([])
    },
    { env: { ...TRY_OUT, ...UNLIMITED, PAYFAST_SOURCES: '', GOGGA_LOG_LEVEL: 'trace' } },
  ))

const UNLIMITED = { GOGGA_SIGN_INS_PER_MINUTE: '0', GOGGA_REDEMPTIONS_PER_MINUTE: '0' }

/** Text that is never taken, and why. */
const NEVER_TAKEN: Readonly<Record<string, string>> = {
  'POST /v1/auth/sessions token': 'is a secret of ours',
  'POST /v1/me/redemptions code': 'names a voucher',
  'POST /v1/usage userId': 'names a user',
  'POST /v1/user-lookups email': 'finds whom there is',
  'POST /v1/subjects/:id/corrections field': 'names a column',
}

const MERCHANT = {
  id: TRY_OUT.PAYFAST_MERCHANT_ID ?? '',
  key: TRY_OUT.PAYFAST_MERCHANT_KEY ?? '',
  passphrase: TRY_OUT.PAYFAST_PASSPHRASE ?? '',
}
const NOTIFIED = [
  ...['merchant_id'],
  ...['item_name', 'item_description', 'name_first', 'name_last', 'email_address', 'custom_int1', 'token'],
  ...['custom_str1', 'custom_str2', 'custom_str3', 'custom_str4', 'custom_str5', 'm_payment_id', 'pf_payment_id'],
  ...['payment_status', 'amount_gross', 'amount_fee', 'amount_net', 'billing_date'],
]

/** Of these nothing is kept, so all of it may come. */
const PASSED_OVER = [
  'item_name',
  'item_description',
  'name_first',
  'name_last',
  'custom_str4',
  'custom_str5',
  'email_address',
]

/** PayFast's own numbers, signed by it: digits in their place are an id, whosever number they are like. */
const AGREED_IDS = new Set(['pf_payment_id', 'token', 'm_payment_id'])

async function notify({ app }: TestApp, cage: Cage): Promise<readonly string[]> {
  const taken = new Set<string>()
  await using payfast = await startPayfast({ merchant: MERCHANT })
  for (const field of NOTIFIED)
    for (const [at, kind] of KINDS.entries()) {
      if (kind === 'idNumber' && AGREED_IDS.has(field)) continue
      const fields = { pf_payment_id: `88${field.length}${at}`, custom_str3: 'u4' }
      const answer = await app.inject({
        ...{ method: 'POST', url: '/v1/payfast/notifications', remoteAddress: '197.97.145.150' },
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: payfast.itn({ ...fields, [field]: cage.plant(kind, `${FORM} ${field}`) }),
      })
      expect(answer.statusCode, `${field} ${answer.body}`).toBeLessThan(500)
      if (answer.statusCode < 300) taken.add(field)
    }
  return [...taken]
}

/** The same by the audit's own search. */
function searched(cage: Cage, places: readonly Place[]) {
  const kindOf = (kind: Kind): NeedleKind => NEEDLES[kind] ?? (kind as NeedleKind)
  const values = cage.all.map(({ kind, value }) => ({ kind: kindOf(kind), value }))
  const files = places.map(({ name, bytes }) => ({ name, kind: 'file' as const, open: () => Readable.from([bytes]) }))
  return scanBytes({ needles: { values }, files })
}
const NEEDLES: Readonly<Partial<Record<Kind, NeedleKind>>> = { ipv6: 'ip', iban: 'text', phoneLocal: 'phone' }

/** Messages and answers hold ids, whose digits may look like a number of somebody. */
const LOOSE = new Set(['OutboxMessage', 'Change'])

test('no writer brings a canary into a column of text outside identity.db, whatever code calls it', () =>
  withDatabases(async ({ dir }) => {
    const cage = createCage()
    await using context = await createContext(readConfig({ GOGGA_DATA_DIR: dir }, dir), { now: () => NOW })
    for (const { domain, model, column, kind } of guardedColumns()) {
      const place = `${domain}.${model.name}.${column}`
      const row = { ...rowFor(model), [column]: `by ${cage.plant(kind, place)}` }
      const change = context.files[domain].change as (work: (tx: Insert) => void) => Promise<void>
      await expect(
        change((tx) => tx.insert(model.name, row)),
        place,
      ).rejects.toThrow(/^Personal information/)
    }
    expect(cage.all.length).toBeGreaterThan(60)
    expect(leaks(cage, guardedPlaces(dir))).toEqual([])
  }))

const guardedColumns = () =>
  (['billing', 'admin'] as const).flatMap((domain) =>
    modelsOf(domain).flatMap((model) =>
      model.columns
        .filter(({ type }) => type === 'text')
        .flatMap(({ name: column, class: kindOf }) => {
          const kinds = kindOf === 'freetext' && !LOOSE.has(model.name) ? KINDS : (['email'] as const)
          return kinds.map((kind) => ({ domain, model, column, kind }))
        }),
    ),
  )

interface Insert {
  insert(model: string, row: Readonly<Record<string, unknown>>): void
}

const FILLERS = { text: 'x', integer: 1, boolean: false, time: NOW, bytes: Buffer.from('x') }
const rowFor = ({ columns }: CatalogModel) => Object.fromEntries(columns.map(({ name, type }) => [name, FILLERS[type]]))
