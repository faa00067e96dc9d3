/** A mini program, as WeChat knows it. */
export interface WechatApp {
  appId: string
  appSecret: string
}
