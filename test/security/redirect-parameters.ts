/** Parameters that some page somewhere has followed, and where to. */
export const names =
  'uri url next return_to redirect redirect_uri continue post_logout_redirect_uri lang ui_locales target_link_uri login_hint id_token_hint state'
export const values = [
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  'https://evil.example',
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
]
