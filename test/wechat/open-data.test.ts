import test from 'ava'
import { decryptOpenData, isFresh, phoneOf, verifyRawData } from '#wechat/open-data.ts'

// The examples of WeChat's documentation and of the program that comes with it.
const sessionKey = 'tiihtNczf5v6AKRyjwEUhQ=='
const iv = 'r7BXXKkLb8qrSNn05n0qiA=='
const encryptedData =
  'CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew=='
const rawData =
  '{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}'
const rawDataKey = 'HyVFkGl5F5OQWJZZaNzBBg=='
const signature = '75e81ceda165f4ffa64f4068af58c64b8f54b88c'

test('the documented encryptedData opens with the documented session key', (t) => {
  const data = decryptOpenData({ encryptedData, iv }, sessionKey)
  t.like(data, {
    openId: 'oGZUI0egBJY1zhBYw2KhdUfwVJJE',
    unionId: 'ocMvos6NjeKLIBqg5Mr9QjxrP1FA',
    nickName: 'Band',
    watermark: { timestamp: 1477314187, appid: 'wx4f4bc4dec97d474b' },
  })
})

test('data that was changed, or sealed with another key, does not open, and nothing throws', (t) => {
  const flipped = Buffer.from(encryptedData, 'base64')
  flipped[flipped.length - 20]! ^= 1
  for (const [given, key] of [
    [{ encryptedData: flipped.toString('base64'), iv }, sessionKey],
    [{ encryptedData: encryptedData.slice(0, 100), iv }, sessionKey],
    [{ encryptedData, iv: 'AAAA' }, sessionKey],
    [{ encryptedData: '', iv }, sessionKey],
    [{ encryptedData, iv }, rawDataKey],
    [{ encryptedData, iv }, ''],
  ] as const)
    t.is(decryptOpenData(given, key), undefined)
})

test('the documented signature is that of the documented rawData', (t) => {
  t.is(verifyRawData({ rawData, signature }, rawDataKey)?.nickName, 'Band')
  t.is(
    verifyRawData({ rawData: rawData.replace('Band', 'Bond'), signature }, rawDataKey),
    undefined,
  )
  t.is(verifyRawData({ rawData, signature }, sessionKey), undefined)
  t.is(verifyRawData({ rawData, signature: '' }, rawDataKey), undefined)
})

test('a watermark is good for its own app and for five minutes', (t) => {
  const { watermark } = decryptOpenData({ encryptedData, iv }, sessionKey)!
  const appId = watermark.appid
  const made = watermark.timestamp * 1000
  const minute = 60_000
  t.true(isFresh({ watermark }, { appId, at: made }))
  t.true(isFresh({ watermark }, { appId, at: made + 5 * minute }))
  t.false(isFresh({ watermark }, { appId, at: made + 5 * minute + 1 }))
  t.true(isFresh({ watermark }, { appId, at: made - minute }))
  t.false(isFresh({ watermark }, { appId, at: made - minute - 1 }))
  t.false(isFresh({ watermark }, { appId: 'wx0000000000000000', at: made }))
})

test('a phone number is E.164, or none', (t) => {
  t.is(phoneOf({ countryCode: '86', purePhoneNumber: '13800000000' }), '+8613800000000')
  t.is(phoneOf({ purePhoneNumber: '13800000000' }), '+8613800000000')
  t.is(phoneOf({ countryCode: '1', purePhoneNumber: '2025550123' }), '+12025550123')
  for (const purePhoneNumber of ['', 'x', '138 0000 0000', '1'.repeat(20)])
    t.is(phoneOf({ countryCode: '86', purePhoneNumber }), undefined)
})
