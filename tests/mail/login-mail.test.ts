import { describe, expect, test } from 'vitest'
import { loginMail } from '../../src/mail/login-mail.ts'

describe('the sign-in mail', () => {
  test('says the code, how long it lives, that it works once and what to do if nobody asked', () => {
    const { subject, text, html } = loginMail({ token: 'tok-123', minutes: 15 })
    expect(subject).toBe('Sign in to GOGGA')
    for (const part of [text, html]) {
      expect(part).toContain('tok-123')
      expect(part).toContain('valid for 15 minutes and works once')
      expect(part).toContain('If you did not ask')
      expect(part).not.toMatch(/link|href/)
    }
    // To be copied as a whole line.
    expect(text.split('\n')).toContain('tok-123')
  })

  test('the link stands in both, once as an address to follow', () => {
    const link = 'https://gogga.example/in?a=1&token=tok-123'
    const { text, html } = loginMail({ token: 'tok-123', link, minutes: 1 })
    expect(text.split('\n')).toContain(link)
    expect(html).toContain('<a href="https://gogga.example/in?a=1&amp;token=tok-123">')
    expect(text).toContain('valid for 1 minute and')
  })

  test('nothing that is given becomes markup', () => {
    const evil = `"><script>alert('x')</script>&`
    const { html } = loginMail({ token: evil, link: evil, minutes: 15 })
    expect(html).not.toContain('<script')
    expect(html).not.toContain(evil)
    expect(html.match(/&quot;&gt;&lt;script&gt;alert\(&#39;x&#39;\)&lt;\/script&gt;&amp;/g)).toHaveLength(3)
    expect(html).not.toMatch(/src=|@import|url\(/)
  })
})
