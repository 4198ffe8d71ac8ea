// Notifications of PayFast's sandbox with their signatures, as others published them.
import type { Fields } from '../../src/payfast/signature.ts'

const CUSTOMS = ['str1', 'str2', 'str3', 'str4', 'str5', 'int1', 'int2', 'int3', 'int4', 'int5']
const customs: Fields = CUSTOMS.map((name) => [`custom_${name}`, ''])

export interface PublishedItn {
  readonly from: string
  readonly fields: Fields
  readonly passphrase?: string
  readonly signature: string
}

export const PUBLISHED_ITNS: readonly PublishedItn[] = [
  {
    from: 'payfast-php-sdk, tests/PaymentIntegrations/NotificationTest.php, without a passphrase',
    fields: [
      ['m_payment_id', '000000020'],
      ['pf_payment_id', '1579137'],
      ['payment_status', 'COMPLETE'],
      ['item_name', 'Order #000000020'],
      ['item_description', ''],
      ['amount_gross', '15.00'],
      ['amount_fee', '-2.30'],
      ['amount_net', '12.70'],
      ...customs,
      ['name_first', 'Tom'],
      ['name_last', 'Tom'],
      ['email_address', 'lindley+user1@appinlet.com'],
      ['merchant_id', '10027938'],
    ],
    signature: '4078bca2c8987e0e0c4e7230f2f46323',
  },
  {
    from: 'payfast-php-sdk, the same file, with the passphrase of the sandbox',
    passphrase: 'jt7NOE43FZPn',
    fields: [
      ['m_payment_id', '1234'],
      ['pf_payment_id', '1221576'],
      ['payment_status', 'COMPLETE'],
      ['item_name', 'Order#123'],
      ['item_description', ''],
      ['amount_gross', '10.00'],
      ['amount_fee', '-0.23'],
      ['amount_net', '9.77'],
      ...customs,
      ['name_first', 'First'],
      ['name_last', 'Last'],
      ['email_address', 'test@test.com'],
      ['merchant_id', '10000100'],
    ],
    signature: 'ac4c3e993d31b5b9d525dc0087051437',
  },
]
