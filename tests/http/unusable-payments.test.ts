// Money that came and that nothing can be given for: whoever reads the log can pay it back.
import { expect, test } from 'vitest'
import { TRY_OUT } from '../../src/config.ts'
import { startPayfast } from '../helpers/payfast-server.ts'
import { withApp } from './app.ts'

const MERCHANT = {
  id: TRY_OUT.PAYFAST_MERCHANT_ID ?? '',
  key: TRY_OUT.PAYFAST_MERCHANT_KEY ?? '',
  passphrase: TRY_OUT.PAYFAST_PASSPHRASE ?? '',
}
const BUYER = { name_first: 'Nomvula', name_last: 'Dlamini-Botha', email_address: 'nomvula@mail.example' }

test('a payment of another amount than the price leaves a line in the log, without its buyer', () =>
  withApp(
    async ({ app, log }) => {
      await using payfast = await startPayfast({ merchant: MERCHANT })
      const notify = (fields: Readonly<Record<string, string>>) =>
        app.inject({
          method: 'POST',
          url: '/v1/payfast/notifications',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          remoteAddress: '197.97.145.150',
          payload: payfast.itn({ m_payment_id: 'order-1', custom_str3: 'u4', ...BUYER, ...fields }),
        })
      const lines = () =>
        log
          .join('')
          .split('\n')
          .filter((line) => line.includes('cannot be used'))
      expect((await notify({})).statusCode).toBe(200)
      expect(lines()).toEqual([])
      expect((await notify({ pf_payment_id: '1089251', amount_gross: '249.00' })).statusCode).toBe(400)
      const [line = '', ...more] = lines()
      expect(more).toEqual([])
      expect(JSON.parse(line)).toMatchObject({
        level: 40,
        paymentId: '1089251',
        kind: 'subscription',
        amountCents: 24_900,
        expectedCents: 29_900,
      })
      for (const value of ['u4', ...Object.values(BUYER)]) expect(line).not.toContain(value)
    },
    { env: { ...TRY_OUT, PAYFAST_SOURCES: '', GOGGA_LOG_LEVEL: 'warn' } },
  ))
