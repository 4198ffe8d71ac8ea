import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { SMTPServerOptions } from 'smtp-server'
import { describe, expect, test } from 'vitest'
import { UnavailableError, UsageError } from '../../src/errors.ts'
import { loginMail } from '../../src/mail/login-mail.ts'
import { parseMail } from '../helpers/parse-mail.ts'
import { startSmtp } from '../helpers/smtp-server.ts'
import { everythingOf, failureOf, MAIL, testMailer } from './mailers.ts'

const withUser = (url: string, user: string, password: string) =>
  url.replace('//', `//${encodeURIComponent(user)}:${encodeURIComponent(password)}@`)

describe('delivery', () => {
  test('the whole mail arrives once, and is logged without the address', async () => {
    await using smtp = await startSmtp()
    await using mailer = testMailer({ smtpUrl: smtp.url })
    const mail = loginMail({ token: 'a1b2-c3d4', link: 'https://gogga.example/in?token=a1b2-c3d4&x=1', minutes: 15 })
    expect(await mailer.send({ to: 'thandi@example.com', ...mail })).toEqual({ id: 'm1', way: 'smtp' })

    const { raw, ...envelope } = await smtp.next()
    expect(envelope).toEqual({ to: ['thandi@example.com'], from: 'no-reply@gogga.example', secure: false })
    const { headers, text, html } = parseMail(raw)
    expect(headers).toMatchObject({
      from: 'GOGGA <no-reply@gogga.example>',
      to: 'thandi@example.com',
      subject: mail.subject,
      date: 'Sun, 22 Nov 2026 10:11:12 +0000',
      'message-id': '<m1@gogga.example>',
      'auto-submitted': 'auto-generated',
    })
    expect(headers).not.toHaveProperty('x-mailer')
    expect(text?.trim()).toBe(mail.text.trim())
    expect(html?.trim()).toBe(mail.html.trim())
    expect(smtp.messages).toHaveLength(1)
    expect(mailer.lines).toEqual([{ event: 'mail-sent', id: 'm1', way: 'smtp' }])
  })

  test('letters of every script and lines that begin with a dot arrive as they were', async () => {
    await using smtp = await startSmtp()
    await using mailer = testMailer({ smtpUrl: smtp.url, from: 'GOGGA Müller, Ōtā <no-reply@gogga.example>' })
    const text = `Sawubona ✓ ${'é'.repeat(300)}\n.\n..dots\nlast`
    await mailer.send({ to: 'thandi+tag@sub.example.com', subject: 'Kôd vir aanmelding 🔑', text })
    const { to, raw } = await smtp.next()
    const parsed = parseMail(raw)
    expect(to).toEqual(['thandi+tag@sub.example.com'])
    expect(parsed.headers.subject).toBe('Kôd vir aanmelding 🔑')
    expect(parsed.headers.from).toContain('GOGGA Müller, Ōtā')
    expect(parsed.text?.trimEnd()).toBe(text)
    expect(parsed.html).toBeUndefined()
  })

  test('many at once all arrive, over a few connections', async () => {
    let connections = 0
    await using smtp = await startSmtp({
      onConnect(_session, done) {
        connections++
        done()
      },
    })
    await using mailer = testMailer({ smtpUrl: smtp.url })
    const people = Array.from({ length: 40 }, (_, index) => `person${index}@example.com`)
    const sent = await Promise.all(people.map((to) => mailer.send({ ...MAIL, to })))
    expect(new Set(sent.map(({ id }) => id)).size).toBe(40)
    expect(smtp.messages.flatMap(({ to }) => to).sort()).toEqual([...people].sort())
    expect(connections).toBeLessThanOrEqual(5)
  })

  test('a server that was restarted on the way is found again', async () => {
    const first = await startSmtp()
    await using mailer = testMailer({ smtpUrl: first.url })
    await mailer.send(MAIL)
    await first[Symbol.asyncDispose]()
    expect(await failureOf(mailer.send(MAIL))).toBeInstanceOf(UnavailableError)
    await using second = await startSmtp({}, first.port)
    await mailer.send({ ...MAIL, to: 'again@example.com' })
    expect(await second.next()).toMatchObject({ to: ['again@example.com'] })
  })

  test('a mail under way is finished before the mailer is closed; then none is taken', async () => {
    await using smtp = await startSmtp()
    const mailer = testMailer({ smtpUrl: smtp.url })
    const delivery = mailer.send(MAIL)
    await mailer[Symbol.asyncDispose]()
    expect(smtp.messages).toHaveLength(1)
    await delivery
    expect(await failureOf(mailer.send(MAIL))).toBeInstanceOf(UnavailableError)
  })
})

describe('sign-in and TLS', () => {
  const onAuth = (user: string, password: string): SMTPServerOptions => ({
    authOptional: false,
    onAuth(auth, _session, done) {
      if (auth.username === user && auth.password === password) done(null, { user })
      else done(new Error('no mail for thandi@example.com by this user'))
    },
  })

  test('user and password of the URL are used, special characters too', async () => {
    await using smtp = await startSmtp(onAuth('mailer@gogga.example', 'p:w/ü%@'))
    await using mailer = testMailer({ smtpUrl: withUser(smtp.url, 'mailer@gogga.example', 'p:w/ü%@') })
    await mailer.send(MAIL)
    expect(smtp.messages).toHaveLength(1)
  })

  test('a refused sign-in is 503, with no address and no password in it', async () => {
    await using smtp = await startSmtp(onAuth('mailer', 'right'))
    await using mailer = testMailer({ smtpUrl: withUser(smtp.url, 'mailer', 'wrong-secret') })
    const error = await failureOf(mailer.send(MAIL))
    expect(error).toBeInstanceOf(UnavailableError)
    expect(error).toMatchObject({ status: 503, message: expect.stringContaining('refused the sign-in') })
    expect(everythingOf(error)).toContain('EAUTH')
    expect(everythingOf(error)).not.toMatch(/thandi|example\.com|wrong-secret|by this user/)
    expect(mailer.lines).toEqual([])
  })

  test('STARTTLS and smtps are used as the URL says; a certificate that nobody knows is refused', async () => {
    await using smtp = await startSmtp({ disabledCommands: [] })
    await using secure = await startSmtp({ secure: true })
    for (const { url } of [smtp, secure]) {
      await using strict = testMailer({ smtpUrl: url })
      expect(await failureOf(strict.send(MAIL))).toBeInstanceOf(UnavailableError)
      await using trusting = testMailer({ smtpUrl: `${url}?tls.rejectUnauthorized=false` })
      await trusting.send(MAIL)
    }
    expect([...smtp.messages, ...secure.messages].map((message) => message.secure)).toEqual([true, true])
    await using plain = testMailer({ smtpUrl: `${smtp.url}?ignoreTLS=true` })
    await plain.send(MAIL)
    expect(smtp.messages.at(-1)?.secure).toBe(false)
  })

  test('where TLS is required, a server without it gets nothing', async () => {
    await using smtp = await startSmtp()
    await using mailer = testMailer({ smtpUrl: `${smtp.url}?requireTLS=true` })
    const error = await failureOf(mailer.send(MAIL))
    expect(error).toMatchObject({ status: 503, message: expect.stringContaining('TLS') })
    expect(smtp.messages).toEqual([])
  })
})

describe('servers that fail', () => {
  const refuse = (code: number) =>
    Object.assign(new Error('<thandi@example.com>: no such user'), { responseCode: code })

  test.each([
    ['the recipient', { onRcptTo: (_address: unknown, _session: unknown, done: Done) => done(refuse(550)) }, '550'],
    [
      'the recipient for now',
      { onRcptTo: (_address: unknown, _session: unknown, done: Done) => done(refuse(451)) },
      '451',
    ],
    ['the sender', { onMailFrom: (_address: unknown, _session: unknown, done: Done) => done(refuse(553)) }, '553'],
    ['the connection', { onConnect: (_session: unknown, done: Done) => done(refuse(554)) }, ''],
    [
      'the content',
      {
        onData(stream: NodeJS.ReadableStream, _session: unknown, done: Done) {
          stream.on('end', () => done(refuse(552))).resume()
        },
      },
      '552',
    ],
  ])('a server that refuses %s: 503 without the address or its words', async (_, options, reply) => {
    await using smtp = await startSmtp(options)
    await using mailer = testMailer({ smtpUrl: smtp.url })
    const error = await failureOf(mailer.send(MAIL))
    expect(error).toBeInstanceOf(UnavailableError)
    expect(error).toMatchObject({ status: 503, hint: expect.any(String), retryAfter: expect.any(Number) })
    expect(everythingOf(error)).toContain(reply)
    expect(everythingOf(error)).not.toMatch(/thandi|example\.com|no such user/)
    expect(mailer.lines).toEqual([])
  })

  test('a refusal concerns its own mail alone', async () => {
    await using smtp = await startSmtp({
      onRcptTo: ({ address }, _session, done) => done(address.startsWith('bad') ? refuse(550) : null),
    })
    await using mailer = testMailer({ smtpUrl: smtp.url })
    const names = ['bad1', 'good1', 'bad2', 'good2']
    const settled = await Promise.allSettled(names.map((name) => mailer.send({ ...MAIL, to: `${name}@example.com` })))
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled'])
    expect(smtp.messages.flatMap(({ to }) => to).sort()).toEqual(['good1@example.com', 'good2@example.com'])
  })

  test('a server that is down: 503', async () => {
    const { url } = await stopped()
    await using mailer = testMailer({ smtpUrl: url })
    const error = await failureOf(mailer.send(MAIL))
    expect(error).toBeInstanceOf(UnavailableError)
    expect(error.message).toContain('cannot be reached')
    expect(everythingOf(error)).toContain('ECONNREFUSED')
    expect(everythingOf(error)).not.toContain('thandi')
  })

  test.each([
    ['never says a word', (_socket: Socket) => undefined],
    ['greets and then is silent', (socket: Socket) => socket.write('220 here\r\n')],
    // Each byte of it postpones a limit of inactivity.
    ['trickles its greeting', (socket: Socket) => void setInterval(() => socket.write('220-more\r\n'), 5).unref()],
  ])('a server that %s: 503 in time, also for those that wait behind', async (_, talk) => {
    await using server = await listen(talk)
    await using mailer = testMailer({ smtpUrl: server.url, timeoutMs: 200 })
    const errors = await Promise.all(Array.from({ length: 12 }, () => failureOf(mailer.send(MAIL))))
    for (const error of errors) {
      expect(error).toBeInstanceOf(UnavailableError)
      expect(error.message).toContain('did not answer in time')
      expect(everythingOf(error)).not.toContain('thandi')
    }
  })
})

describe('what is refused before anything is sent', () => {
  test.each([
    ['', 'nothing'],
    ['thandi', 'no domain'],
    ['a@example.com, b@example.com', 'two'],
    ['a@example.com;b@example.com', 'two'],
    ['a@example.com b@example.com', 'two'],
    ['Thandi <thandi@example.com>', 'a name'],
    ['thandi@example.com\r\nBcc: other@example.com', 'a line'],
    ['thandi@example.com\nRCPT TO:<other@example.com>', 'a line'],
    ['thandi@example.com\u0000', 'a control'],
    ['thandi@example.com\u2028x', 'a separator'],
    ['a@b@example.com', 'two @'],
    ['"a b"@example.com', 'quotes'],
    ['undisclosed:a@example.com;', 'a group'],
    ['thandi@example..com', 'an empty label'],
    ['thandi@-example.com', 'a label with a hyphen first'],
    [`${'a'.repeat(65)}@example.com`, 'a long local part'],
    [`a@${'b'.repeat(260)}.com`, 'a long one'],
  ])('the recipient %j (%s)', async (to) => {
    await using smtp = await startSmtp()
    await using mailer = testMailer({ smtpUrl: smtp.url })
    const error = await failureOf(mailer.send({ ...MAIL, to }))
    expect(error).toBeInstanceOf(UsageError)
    expect(everythingOf(error)).not.toContain(to || 'thandi')
    expect(smtp.messages).toEqual([])
  })

  test.each(['', '  ', 'a\r\nBcc: other@example.com', 'a\nb', 'a\rb', 'a\u2028b', 'a\u0000b'])(
    'the subject %j',
    async (subject) => {
      await using smtp = await startSmtp()
      await using mailer = testMailer({ smtpUrl: smtp.url })
      expect(await failureOf(mailer.send({ ...MAIL, subject }))).toBeInstanceOf(UsageError)
      expect(smtp.messages).toEqual([])
    },
  )

  test.each(['../../evil', 'a/b', 'a.b', '', 'a\nb'])('the id %j', async (id) => {
    await using mailer = testMailer({ newId: () => id })
    expect(await failureOf(mailer.send(MAIL))).toBeInstanceOf(UsageError)
  })

  test.each([
    'https://u:hidden@mail.example',
    'mail.example:25',
    'smtp://',
    'smtp://u:hidden@mail.example?logger=true',
    'smtp://u:hidden@mail.example?disableFileAccess=false',
    'smtp://u:hidden@mail.example?requireTLS=maybe',
    'smtp://u:hid%den@mail.example',
  ])('the URL %s, without repeating its password', (smtpUrl) => {
    expect(() => testMailer({ smtpUrl })).toThrow(UsageError)
    expect(() => testMailer({ smtpUrl })).not.toThrow(/hid/)
  })

  test.each(['GOGGA', 'a@b.c, d@e.f', 'GOGGA\r\nBcc: x@y.z <a@b.c>', '<a@b.c> x', ''])('the sender %j', (from) => {
    expect(() => testMailer({ from })).toThrow(UsageError)
  })
})

type Done = (error?: Error | null) => void

/** An address where nothing listens any more. */
async function stopped(): Promise<{ url: string }> {
  await using server = await listen(() => undefined)
  return { url: server.url }
}

async function listen(talk: (socket: Socket) => unknown): Promise<{ url: string } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    talk(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((finish) => server.close(finish))
    },
  }
}
