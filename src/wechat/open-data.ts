import { createDecipheriv, createHash } from 'node:crypto'
import { z } from 'zod'
import { equalSecrets } from '#lib/hashing.ts'

/**
 * Open data of a mini program: what WeChat tells of a person through the person's own phone, sealed or signed with the
 * session key, so that the phone cannot change it.
 * https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
 */
export type OpenData = z.infer<typeof openDataSchema>

const watermark = z.object({
  appid: z.string(),
  /** Seconds since the epoch. */
  timestamp: z.number(),
})

const openDataSchema = z.object({
  openId: z.string().optional(),
  unionId: z.string().min(1).max(255).optional(),
  nickName: z.string().optional(),
  avatarUrl: z.string().optional(),
  purePhoneNumber: z.string().optional(),
  countryCode: z.coerce.string().optional(),
  watermark,
})

/**
 * The data in `encryptedData` (base64 of AES-128-CBC with PKCS#7; the key is the session key). Undefined when it was
 * changed, sealed with another key, or is no open data: which of these is not told, or it would be a padding oracle.
 */
export function decryptOpenData(
  { encryptedData, iv }: { encryptedData: string; iv: string },
  sessionKey: string,
): OpenData | undefined {
  try {
    const decipher = createDecipheriv(
      'aes-128-cbc',
      Buffer.from(sessionKey, 'base64'),
      Buffer.from(iv, 'base64'),
    )
    const text = decipher.update(encryptedData, 'base64', 'utf8') + decipher.final('utf8')
    return openDataSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** The profile in `rawData`; undefined unless `signature` is the SHA-1 of it and the session key, in hex. */
export function verifyRawData(
  { rawData, signature }: { rawData: string; signature: string },
  sessionKey: string,
): Pick<OpenData, 'nickName' | 'avatarUrl'> | undefined {
  const expected = createHash('sha1').update(rawData).update(sessionKey).digest('hex')
  if (!equalSecrets(expected, signature)) return undefined
  try {
    return openDataSchema.pick({ nickName: true, avatarUrl: true }).safeParse(JSON.parse(rawData))
      .data
  } catch {
    return undefined
  }
}

const maxAgeMs = 5 * 60_000
const skewMs = 60_000

/** Whether the data was made for this app, and just now: older data may have been someone's catch. */
export function isFresh(
  { watermark: { appid, timestamp } }: Pick<OpenData, 'watermark'>,
  { appId, at }: { appId: string; at: number },
): boolean {
  const age = at - timestamp * 1000
  return appid === appId && age <= maxAgeMs && age >= -skewMs
}

/** E.164; undefined when it is no number. */
export function phoneOf({
  countryCode = '86',
  purePhoneNumber,
}: Pick<OpenData, 'countryCode' | 'purePhoneNumber'>): string | undefined {
  const phone = `+${countryCode}${purePhoneNumber}`
  return /^\+[1-9]\d{5,14}$/.test(phone) ? phone : undefined
}
