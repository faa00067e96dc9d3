import { literal, type CodeFor } from './code-for.ts'

/** WeChat's own sign-in in exchange for our tokens; its host has to be among the request domains of the mini program. */
export const miniProgramCode = ({ issuer, resource }: CodeFor): string => `wx.login({
  success({ code }) {
    wx.request({
      url: ${literal(`${issuer}/auth/wechat-login`)},
      method: 'POST',
      data: { code${resource === undefined ? '' : `, resource: ${literal(resource)}`} },
      success({ statusCode, data }) {
        if (statusCode !== 200) return console.error(data.detail)
        // For wx.request: header: { authorization: 'Bearer ' + data.access_token }
        wx.setStorageSync('tokens', data)
      },
    })
  },
})
`
