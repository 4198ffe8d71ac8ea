# The program with Node 24 and without development's packages. Clients are generated where the packages are whole; the
# second image gets what runs, as files that its user cannot change.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc prisma.config.ts tsconfig.json ./
COPY prisma/ prisma/
COPY scripts/ scripts/
COPY src/ src/
# What only generates goes again, Prisma's CLI above all (`gogga migrate` does without), and the Node among the optional
# packages, since the image brings its own.
RUN node scripts/setup.mjs \
  && npm pkg delete dependencies.prisma dependencies.@prisma/schema-engine-wasm dependencies.@prisma/generator-helper \
  && npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production GOGGA_DATA_DIR=/data HOST=0.0.0.0 PORT=3000
# A volume that is mounted here for the first time takes over the owner and the mode of its folder.
RUN groupadd --gid 10001 gogga && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin gogga \
  && for folder in identity billing admin mail backups/identity backups/billing backups/admin; do mkdir -p "/data/$folder"; done \
  && chown -R 10001:10001 /data && chmod -R u=rwX,go= /data && chmod 711 /data
WORKDIR /app
COPY package.json ./
COPY --from=build /app/node_modules/ node_modules/
COPY --from=build /app/prisma/migrations/ prisma/migrations/
COPY --from=build /app/scripts/gogga.ts /app/scripts/package.json scripts/
COPY --from=build /app/src/ src/
COPY corpus/detectors.jsonl corpus/
USER 10001:10001
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then(({ok}) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "scripts/gogga.ts"]
CMD ["serve"]
