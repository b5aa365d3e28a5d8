import { expect } from 'chai'
import { checkBaseUrl, judgeAddress } from '../../core/addresses.ts'
import { SetupError } from '../../core/errors.ts'

describe('checkBaseUrl', () => {
  const refused = [
    'https://169.254.169.254',
    'https://127.0.0.1',
    'https://[::ffff:7f00:1]',
    'https://0x7f000001',
    'https://2130706433',
    'https://127.1',
    'https://localhost.',
    'https://[64:ff9b::7f00:1]',
    'https://moodle.example@127.0.0.1/',
    'https://user:pass@moodle.example/',
    'http://moodle.example',
    'file:///etc/passwd',
    'data:text/plain,x',
    'https://moodle.example:22',
    'https://moodle.example:6379',
    'https://10.1.2.3',
    'https://[fd00::1]',
    'https://moodle.example/?a=1',
    'moodle.example',
  ]
  for (const url of refused)
    it(`refuses ${url}`, () => {
      expect(() => checkBaseUrl(url, { remote: 'moodle' }))
        .to.throw(SetupError)
        .with.property('code', 'REMOTE_ADDRESS')
    })

  it('allows loopback where it is asked for, and metadata services never', () => {
    const lab = { remote: 'moodle', allowPrivate: true }
    expect(checkBaseUrl('http://127.0.0.1:9001/m', lab).origin).to.equal('http://127.0.0.1:9001')
    for (const url of [
      'http://169.254.169.254',
      'http://[::ffff:a9fe:a9fe]',
      'http://[fe80::1]',
      'file:///x',
    ])
      expect(() => checkBaseUrl(url, lab), url).to.throw(SetupError)
  })

  it('allows a public address', () => {
    expect(checkBaseUrl('https://www.zohoapis.eu/crm', { remote: 'zoho' }).hostname).to.equal(
      'www.zohoapis.eu',
    )
  })
})

describe('judgeAddress', () => {
  const table: [string, string][] = [
    ['8.8.8.8', 'public'],
    ['172.15.255.255', 'public'],
    ['172.16.0.1', 'private'],
    ['100.64.0.1', 'private'],
    ['0.0.0.0', 'private'],
    ['::', 'private'],
    ['::1', 'private'],
    ['::127.0.0.1', 'private'],
    ['::ffff:127.0.0.1', 'private'],
    ['::ffff:8.8.8.8', 'public'],
    ['2002:7f00:1::', 'private'],
    ['2002:a9fe:a9fe::1', 'forbidden'],
    ['64:ff9b::a9fe:a9fe', 'forbidden'],
    ['2001:4860:4860::8888', 'public'],
    ['fe80::1%eth0', 'forbidden'],
    ['fd00:ec2::254', 'forbidden'],
    ['fd12::1', 'private'],
    ['239.1.1.1', 'forbidden'],
    ['255.255.255.255', 'forbidden'],
    ['not an address', 'forbidden'],
  ]
  for (const [address, verdict] of table)
    it(`calls ${address} ${verdict}`, () => {
      expect(judgeAddress(address)).to.equal(verdict)
    })
})
