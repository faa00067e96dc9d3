/**
 * Artifacts: everything that the protocol engine keeps for a while: sessions, interactions, grants, codes, tokens.
 * They are found by a hash of their id, so that a copy of the store holds nothing that could be presented.
 */
export type ArtifactModel =
  | 'Session'
  | 'Interaction'
  | 'Grant'
  | 'AuthorizationCode'
  | 'AccessToken'
  | 'RefreshToken'
  | 'ClientCredentials'
  | 'DeviceCode'
  | 'PushedAuthorizationRequest'
  | 'ReplayDetection'
  | 'InitialAccessToken'
  | 'RegistrationAccessToken'
  /** The answer to a refresh, kept for the grace period under the hash of the token that was spent. */
  | 'RefreshAnswer'
  /** A JWT access token that was revoked before its end; the key is the hash of its `jti`. */
  | 'RevokedToken'
  /** Where someone signed in without a browser session: address, agent and time, beside the Grant of the sign-in. */
  | 'Device'
  /** A link in a mail that lets its holder set a new password, or confirms an address; the key is the hash of the token. */
  | 'PasswordReset'
  | 'EmailVerification'
  /** A code in a mail, to be typed; the key is random, the payload has the purpose and a keyed hash of the code. */
  | 'MailCode'
  /** What WeChat seals the open data of a mini program's user with; the key is a hash of app and openid. */
  | 'WechatSessionKey'
  /** The access token of a WeChat app for WeChat's own APIs; the key is the hash of the app's id. */
  | 'WechatAccessToken'
  /** A sign-in through another provider on its way: its state, then who has arrived. The key is the hash of either's id. */
  | 'FederationState'
  /** A right password that waits for a second factor (`/auth/mfa`); the key is the hash of its token. */
  | 'MfaToken'
  /** A code and a link in a mail that sign someone in, in the browser that asked; the key is the hash of the interaction. */
  | 'MailSignIn'
  /** A passkey's challenge that has been answered; the key is its hash. */
  | 'SpentChallenge'
  /** A browser that is not asked for the second factor; the key is the hash of its cookie and the account. */
  | 'RememberedDevice'
  /** A device that an account was used on; the key is the hash of both. */
  | 'KnownDevice'
  /** Written to see whether the database takes it, and removed at once. */
  | 'WriteProbe'

/** The models that are counted for statistics. */
export const countedModels = ['Session', 'RefreshToken'] as const
export type CountedModel = (typeof countedModels)[number]

export interface Artifact {
  /** Text that the store does not look into: JSON, or JSON that the writer has sealed. */
  payload: string
  grantId?: string | undefined
  /** Sessions only: the id that a session keeps when its cookie is renewed. Several rows may share one; the latest counts. */
  uid?: string | undefined
  /** Device codes only: the hash of the normalised user code. */
  userCodeHash?: string | undefined
  accountId?: string | undefined
  clientId?: string | undefined
  /** The sign-in epoch of the account (`sign-ins.ts`) that the record belongs to; absent when it outlives sign-ins. */
  epoch?: number | undefined
  /** Milliseconds since the epoch; absent means that it does not expire. */
  expiresAt?: number | undefined
}

export interface StoredArtifact extends Artifact {
  /** The hash under which it is stored. */
  key: string
  /** When `consume` won, in milliseconds since the epoch; absent when it was not consumed. */
  consumedAt?: number | undefined
}

/** One write of a batch; see `ArtifactStore.write`. */
export type ArtifactWrite =
  /** Writes a record with a new key. */
  | { verb: 'add'; model: ArtifactModel; key: string; artifact: Artifact }
  /**
   * Writes the whole record again, under the key `to` if it is given; its `consumedAt` stays, and so does its epoch unless
   * the artifact has one. Refused when no live record has the key: what was removed meanwhile does not come back.
   */
  | {
      verb: 'replace'
      model: ArtifactModel
      key: string
      to?: string | undefined
      artifact: Artifact
    }
  /** As `consume`; refused when that would be false. */
  | { verb: 'consume'; model: ArtifactModel; key: string }
  /** As `remove`; never refused. */
  | { verb: 'remove'; model: ArtifactModel; key: string }

/**
 * A record whose epoch is no longer that of its account is over: it is not found, by any way, even before it is removed.
 */
export interface ArtifactStore {
  /**
   * Makes all writes or none. Resolves to the first one that was refused, undefined when all are made.
   *
   * In SQL this is one transaction. Redis has none across records: there what can be refused comes first, so that a
   * refusal leaves no more than something spent. With both, Redis comes first: what is written there counts for nothing
   * without its Grant, which is in SQL.
   */
  write(batch: readonly ArtifactWrite[]): Promise<ArtifactWrite | undefined>

  /**
   * Ends the session with this uid: removes every record of it, also one that is being written under another key at this
   * moment, by `replace`. Afterwards none can be written.
   */
  endSession(uid: string): Promise<void>

  /** Writes the whole record, replacing one with the same key; an earlier `consumedAt` stays. */
  put(model: ArtifactModel, key: string, artifact: Artifact): Promise<void>

  /**
   * Writes the record unless a live one has the key. Resolves to whether it was written.
   * Of any number of parallel calls with one key exactly one resolves to true.
   */
  putIfAbsent(model: ArtifactModel, key: string, artifact: Artifact): Promise<boolean>

  /** The record, consumed or not; undefined when there is none or it has expired. */
  find(model: ArtifactModel, key: string): Promise<StoredArtifact | undefined>

  /** The session written last with this uid; undefined when none is live. */
  findSessionByUid(uid: string): Promise<StoredArtifact | undefined>

  /** The device code with this hash of a user code; undefined when none is live. */
  findDeviceCodeByUserCode(userCodeHash: string): Promise<StoredArtifact | undefined>

  /**
   * Marks the record as consumed. Of any number of parallel calls exactly one resolves to true;
   * false means that it was consumed before, has expired or is not there.
   */
  consume(model: ArtifactModel, key: string): Promise<boolean>

  /** Deletes the record; resolves also when there is none. */
  remove(model: ArtifactModel, key: string): Promise<void>

  /** Deletes every record, of any model, that carries this grant id (the Grant itself too). */
  removeByGrant(grantId: string): Promise<void>

  /** Every live record of the model that carries this account id, latest written first. */
  listByAccount(model: ArtifactModel, accountId: string): Promise<StoredArtifact[]>

  /** Deletes every record, of the given models or of any, that carries this account id. */
  removeByAccount(accountId: string, models?: readonly ArtifactModel[]): Promise<void>

  /** Deletes every record, of any model, that carries this client id. */
  removeByClient(clientId: string): Promise<void>

  /** How many records of the model there are that have neither expired nor been consumed. */
  countLive(model: CountedModel): Promise<number>

  /** Deletes at most `limit` records that have expired; resolves to how many. A store that expires by itself resolves to 0. */
  removeExpired(limit: number): Promise<number>
}
