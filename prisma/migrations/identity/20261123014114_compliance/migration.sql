-- AlterTable
ALTER TABLE "AccessLog" ADD COLUMN "purpose" TEXT;

-- CreateTable
CREATE TABLE "Restriction" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "subjectId" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "note" TEXT,
    "createdAt" DATETIME NOT NULL,
    "liftedAt" DATETIME
);

-- CreateTable
CREATE TABLE "Correction" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "subjectId" TEXT NOT NULL,
    "field" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "note" TEXT,
    "createdAt" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "Erasure" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "subjectId" TEXT NOT NULL,
    "askedBy" TEXT NOT NULL,
    "startedAt" DATETIME NOT NULL,
    "doneAt" DATETIME,
    "receipt" TEXT
);

-- CreateTable
CREATE TABLE "PiiAttempt" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "place" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "Audit" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "cause" TEXT NOT NULL,
    "startedAt" DATETIME NOT NULL,
    "endedAt" DATETIME NOT NULL,
    "passed" BOOLEAN NOT NULL,
    "report" TEXT NOT NULL,
    "signature" BLOB,
    "keyId" TEXT
);

-- CreateTable
CREATE TABLE "ChainLink" (
    "position" INTEGER NOT NULL PRIMARY KEY,
    "log" TEXT NOT NULL,
    "rowId" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL,
    "rowHash" BLOB NOT NULL,
    "hash" BLOB NOT NULL
);

-- CreateTable
CREATE TABLE "ChainHead" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "domain" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "hash" BLOB NOT NULL,
    "kind" TEXT NOT NULL,
    "keyId" TEXT,
    "signature" BLOB,
    "createdAt" DATETIME NOT NULL
);

-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_ApiKey" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "scopes" TEXT NOT NULL,
    "purposes" TEXT NOT NULL DEFAULT '',
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" DATETIME,
    "revokedAt" DATETIME
);
INSERT INTO "new_ApiKey" ("createdAt", "expiresAt", "hash", "id", "name", "revokedAt", "scopes") SELECT "createdAt", "expiresAt", "hash", "id", "name", "revokedAt", "scopes" FROM "ApiKey";
DROP TABLE "ApiKey";
ALTER TABLE "new_ApiKey" RENAME TO "ApiKey";
CREATE UNIQUE INDEX "ApiKey_hash_key" ON "ApiKey"("hash");
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;

-- CreateIndex
CREATE INDEX "Restriction_subjectId_idx" ON "Restriction"("subjectId");

-- CreateIndex
CREATE INDEX "Correction_subjectId_idx" ON "Correction"("subjectId");

-- CreateIndex
CREATE INDEX "Erasure_subjectId_idx" ON "Erasure"("subjectId");

-- CreateIndex
CREATE INDEX "PiiAttempt_createdAt_idx" ON "PiiAttempt"("createdAt");

-- CreateIndex
CREATE INDEX "Audit_startedAt_idx" ON "Audit"("startedAt");

-- CreateIndex
CREATE INDEX "ChainHead_domain_position_idx" ON "ChainHead"("domain", "position");
