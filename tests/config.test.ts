import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { examineEnvironment, readConfig, TRY_OUT } from '../src/config.ts'
import { withFolder } from './helpers/databases.ts'

const problemsOf = (env: Readonly<Record<string, string>>, dir = '/nowhere') =>
  examineEnvironment(env, dir).problems.map(({ at }) => at)

test('a secret may lie in a file, whose last line break is not part of it', () =>
  withFolder((dir) => {
    writeFileSync(join(dir, 'smtp'), 'smtps://user:secret@mail.example\n')
    writeFileSync(join(dir, 'key'), '46f0cd694581a\n')
    writeFileSync(join(dir, 'passphrase'), 'two words\r\n')
    const files = { SMTP_URL_FILE: 'smtp', PAYFAST_MERCHANT_KEY_FILE: 'key', PAYFAST_PASSPHRASE_FILE: 'passphrase' }
    const config = readConfig({ PAYFAST_MERCHANT_ID: '10000100', ...files }, dir)
    expect(config.mail.smtpUrl).toBe('smtps://user:secret@mail.example')
    expect(config.payfast?.merchant).toEqual({ id: '10000100', key: '46f0cd694581a', passphrase: 'two words' })
    const tried = readConfig({ PAYFAST_PASSPHRASE_FILE: join(dir, 'passphrase') }, '/', TRY_OUT)
    expect(tried.payfast?.merchant).toMatchObject({ passphrase: 'two words' })
  }))

test('a secret that is named twice, or whose file is missing, is refused by name and never shown', () =>
  withFolder((dir) => {
    writeFileSync(join(dir, 'smtp'), 'no url, but secret')
    const twice = { SMTP_URL: 'smtp://user:secret@a', SMTP_URL_FILE: 'smtp' }
    for (const env of [twice, { SMTP_URL_FILE: 'missing' }, { SMTP_URL_FILE: 'smtp' }]) {
      const { problems } = examineEnvironment(env, dir)
      expect(problems).toHaveLength(1)
      expect(problems[0]?.at).toMatch(/^SMTP_URL/)
      expect(JSON.stringify(problems)).not.toContain('secret')
      expect(() => readConfig(env, dir)).toThrow('The environment does not fit: SMTP_URL')
    }
  }))

test('every variable that does not fit is named at once, whichever check finds it', () => {
  const env = {
    PORT: 'http',
    GOGGA_LOG_LEVEL: 'loud',
    ADMIN_DB_URL: 'postgres://a',
    PAYFAST_MERCHANT_ID: '10000100',
    SMTP_URL_FILE: '/nowhere/smtp',
    GOGGA_DATA_DIR: '/srv/gogga',
  }
  const { problems, config } = examineEnvironment(env, '/')
  const names = [
    'ADMIN_DB_URL',
    'GOGGA_LOG_LEVEL',
    'PAYFAST_MERCHANT_KEY',
    'PAYFAST_PASSPHRASE',
    'PORT',
    'SMTP_URL_FILE',
  ]
  expect(problems.map(({ at }) => at).sort()).toEqual(names)
  expect(problems.every(({ message }) => message.length > 10)).toBe(true)
  expect(config).toMatchObject({ dataDir: '/srv/gogga', port: 3000, payfast: undefined, mail: { smtpUrl: undefined } })
})

test.each([
  ['without its passphrase', { PAYFAST_MERCHANT_ID: '1', PAYFAST_MERCHANT_KEY: 'k' }, ['PAYFAST_PASSPHRASE']],
  ['the passphrase alone', { PAYFAST_PASSPHRASE: 'p' }, ['PAYFAST_MERCHANT_ID', 'PAYFAST_MERCHANT_KEY']],
  [
    'with an id that is none',
    { PAYFAST_MERCHANT_ID: 'x', PAYFAST_MERCHANT_KEY: 'k', PAYFAST_PASSPHRASE: 'p' },
    ['PAYFAST_MERCHANT_ID'],
  ],
])('PayFast half configured, %s', (_, env, names) => {
  expect(problemsOf(env)).toEqual(names)
  expect(() => readConfig(env)).toThrow('PAYFAST_')
})

test('nothing is wrong with an empty environment, and empty variables are not set', () => {
  expect(problemsOf({})).toEqual([])
  expect(problemsOf({ PORT: '', SMTP_URL: '', SMTP_URL_FILE: '' })).toEqual([])
  expect(readConfig({}, '/').metricsPort).toBeUndefined()
})
