// A notification of PayFast, for the documentation only: what came is read from its raw text, over which it is signed.
import { z } from 'zod'

const text = (about: string) => z.string().describe(about)

export const Notification = z
  .looseObject({
    m_payment_id: text('The id of our checkout or charge.').optional(),
    pf_payment_id: text("PayFast's id of the payment: with it a repeat changes nothing."),
    payment_status: z.enum(['COMPLETE', 'FAILED', 'PENDING', 'CANCELLED']),
    amount_gross: text('In rand: 299.00.'),
    custom_str1: text('`subscription` or `credit_pack`.').optional(),
    custom_str2: text('The tier, or the price of the pack in rand.').optional(),
    custom_str3: text('The subject id.').optional(),
    email_address: text("The buyer's; tells who paid where custom_str3 does not, and stays in identity.db.").optional(),
    merchant_id: text('Ours.'),
    token: text('Of an agreement for charges to come.').optional(),
    signature: text('MD5 over the fields as they came, with our passphrase.'),
  })
  .meta({
    examples: [
      {
        m_payment_id: 'a41c7d52-9a40-4c1e-8f57-0b9d6f4a2e11',
        pf_payment_id: '1089250',
        payment_status: 'COMPLETE',
        amount_gross: '299.00',
        custom_str1: 'subscription',
        custom_str2: 'JIGGA',
        custom_str3: 'cmb2x9k4d0001',
        merchant_id: '10000100',
        signature: 'ad8e7685c9522c24365d7ccea8cb3db7',
      },
    ],
  })
