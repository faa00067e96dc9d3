# One stage installs, the other runs: no compiler, no cache, no development dependency in the image that serves.
FROM node:24-slim AS install
WORKDIR /app
COPY package.json package-lock.json ./
# No install scripts: argon2 brings its binary, and there is nothing of ours to compile yet.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && npm cache clean --force

FROM node:24-slim
# The threshold makes argon2's blocks go back to the system when a password is checked, and not stay with the threads.
ENV NODE_ENV=production PORT=3000 DATA_DIR=/data MALLOC_MMAP_THRESHOLD_=1048576
WORKDIR /app
COPY --from=install /app/node_modules node_modules
COPY package.json LICENSE ./
COPY migrations migrations
COPY views views
COPY src src
RUN node src/compile.mjs && mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
# Liveness only: a database that is away must not make the engine restart the process.
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}${new URL(process.env.ISSUER ?? 'http://x').pathname.replace(/\\/$/, '')}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Not npm: signals reach the server itself, and SIGTERM drains it.
CMD ["node", "--max-semi-space-size=8", "src/start.mjs"]
