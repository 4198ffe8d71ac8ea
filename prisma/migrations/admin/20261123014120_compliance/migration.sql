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

-- CreateIndex
CREATE INDEX "ChainHead_domain_position_idx" ON "ChainHead"("domain", "position");
