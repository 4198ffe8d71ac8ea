// The rights of a person over HTTP: erasure with its receipt, restriction, correction; for the scope compliance alone.
import { expect, test } from 'vitest'
import { type TestApp, withApp } from './app.ts'

const by = { scopes: ['compliance'] } as const
const emailOf = ({ context }: TestApp, id: string) => context.files.identity.rows.find('User', { id })?.email ?? ''

const holding = (answer: { body: string }, words: readonly string[]) =>
  words.filter((word) => answer.body.includes(word))

test('erases: a preview changes nothing, the receipt says what was done and found', () =>
  withApp(async (app) => {
    const email = emailOf(app, 'u4')
    const preview = await app.post('/v1/subjects/u4/erasure', { preview: true }, by)
    expect(preview.statusCode, preview.body).toBe(200)
    expect(emailOf(app, 'u4')).toBe(email)
    const erased = await app.post('/v1/subjects/u4/erasure', { preview: false }, by)
    expect(erased.statusCode, erased.body).toBe(200)
    const { data, change } = erased.json()
    expect(change.settled).toBe(true)
    expect(data).toMatchObject({ format: 'gogga-erasure/1', subjectId: 'u4', proof: { found: [] } })
    expect(data.tables).toEqual(preview.json().data.tables)
    expect(holding(erased, [email])).toEqual([])
    expect(emailOf(app, 'u4')).toBe('')
    const again = await app.post('/v1/subjects/u4/erasure', { preview: false }, by)
    expect(again.json().data).toEqual(data)
    expect((await app.get('/v1/subjects/u4', ['compliance'])).json().data).toMatchObject({
      kind: 'erased',
      erasures: [{ id: data.erasureId, doneAt: expect.any(String) }],
    })
  }))

test('restricts and lifts, and shows it to the person and to administrators', () =>
  withApp(async (app) => {
    const session = await app.session('u1')
    const me = async () => (await app.send('GET', '/v1/me', { session })).json().data.restrictions
    expect(await me()).toEqual([])
    const made = await app.post('/v1/subjects/u1/restriction', { kind: 'objected', note: 'By letter' }, by)
    expect(made.statusCode, made.body).toBe(201)
    expect(made.json().data).toMatchObject({ subjectId: 'u1', kind: 'objected' })
    expect(await me()).toEqual(['objected'])
    const shown = await app.get('/v1/subjects/u1', ['admin'])
    expect(shown.json().data).toMatchObject({ kind: 'user', restrictions: [{ kind: 'objected', liftedAt: null }] })
    expect(holding(shown, ['By letter', emailOf(app, 'u1')])).toEqual([])
    expect((await app.send('DELETE', '/v1/subjects/u1/restriction', by)).json().data.lifted).toEqual(['objected'])
    const [lifted] = (await app.get('/v1/subjects/u1', ['admin'])).json().data.restrictions
    expect(lifted).toMatchObject({ kind: 'objected', liftedAt: expect.any(String) })
    expect(await me()).toEqual([])
    expect((await app.send('DELETE', '/v1/subjects/u1/restriction', by)).statusCode).toBe(409)
  }))

test('corrects an email, and notes a dispute', () =>
  withApp(async (app) => {
    const made = await app.post('/v1/subjects/u1/corrections', { email: 'right@mail.example' }, by)
    expect(made.statusCode, made.body).toBe(201)
    expect(holding(made, ['right@mail.example'])).toEqual([])
    expect(emailOf(app, 'u1')).toBe('right@mail.example')
    const readings = () => app.context.files.identity.rows.list('AccessLog', {})
    expect(readings()).toEqual([])
    expect((await app.post('/v1/subjects/u2/corrections', { email: 'right@mail.example' }, by)).statusCode).toBe(409)
    expect(readings()).toMatchObject([{ subjects: '["u1"]', purpose: 'correction-request' }])
    const disputed = await app.post('/v1/subjects/u1/corrections', { dispute: 'I never did' }, by)
    expect(disputed.json().data).toMatchObject({ outcome: 'disputed', field: '' })
    const about = { dispute: 'Nor that', field: 'identity.User.email' }
    const named = await app.post('/v1/subjects/u1/corrections', about, by)
    expect(named.json().data).toMatchObject({ field: 'identity.User.email' })
    expect((await app.post('/v1/subjects/u1/corrections', {}, by)).statusCode).toBe(400)
    expect((await app.post('/v1/subjects/nobody/corrections', { dispute: 'x' }, by)).statusCode).toBe(404)
  }))
