-- Marks the file as admin.db, so that a wrong file at its path is refused: 'GGAd' in ASCII.
PRAGMA application_id = 0x47474164;

-- CreateTable
CREATE TABLE "Voucher" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "code" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "valueCents" INTEGER NOT NULL DEFAULT 0,
    "createdBy" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" DATETIME NOT NULL,
    "voided" BOOLEAN NOT NULL DEFAULT false,
    "voidedAt" DATETIME,
    "voidedBy" TEXT,
    "voidReason" TEXT,
    "redeemed" BOOLEAN NOT NULL DEFAULT false,
    "redeemedAt" DATETIME,
    "redeemedBy" TEXT,
    "userId" TEXT,
    "batchId" TEXT
);

-- CreateTable
CREATE TABLE "VoucherLog" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "voucherId" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "meta" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- CreateTable
CREATE TABLE "AdminLog" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "adminId" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "targetUser" TEXT,
    "targetId" TEXT,
    "meta" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- CreateTable
CREATE TABLE "OutboxMessage" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "type" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "subjectId" TEXT,
    "payload" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "nextAttemptAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deadAt" DATETIME,
    "reason" TEXT
);

-- CreateTable
CREATE TABLE "InboxMessage" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "type" TEXT NOT NULL,
    "receivedAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- CreateTable
CREATE TABLE "Tombstone" (
    "subjectId" TEXT NOT NULL PRIMARY KEY,
    "erasedAt" DATETIME NOT NULL
);

-- CreateIndex
CREATE UNIQUE INDEX "Voucher_code_key" ON "Voucher"("code");

-- CreateIndex
CREATE INDEX "Voucher_userId_idx" ON "Voucher"("userId");

-- CreateIndex
CREATE INDEX "Voucher_type_idx" ON "Voucher"("type");

-- CreateIndex
CREATE INDEX "Voucher_batchId_idx" ON "Voucher"("batchId");

-- CreateIndex
CREATE INDEX "Voucher_createdBy_idx" ON "Voucher"("createdBy");

-- CreateIndex
CREATE INDEX "Voucher_voidedBy_idx" ON "Voucher"("voidedBy");

-- CreateIndex
CREATE INDEX "Voucher_redeemedBy_idx" ON "Voucher"("redeemedBy");

-- CreateIndex
CREATE INDEX "Voucher_createdAt_id_idx" ON "Voucher"("createdAt", "id");

-- CreateIndex
CREATE INDEX "VoucherLog_voucherId_idx" ON "VoucherLog"("voucherId");

-- CreateIndex
CREATE INDEX "VoucherLog_actor_idx" ON "VoucherLog"("actor");

-- CreateIndex
CREATE INDEX "VoucherLog_createdAt_id_idx" ON "VoucherLog"("createdAt", "id");

-- CreateIndex
CREATE INDEX "AdminLog_adminId_idx" ON "AdminLog"("adminId");

-- CreateIndex
CREATE INDEX "AdminLog_action_idx" ON "AdminLog"("action");

-- CreateIndex
CREATE INDEX "AdminLog_targetUser_idx" ON "AdminLog"("targetUser");

-- CreateIndex
CREATE INDEX "AdminLog_createdAt_id_idx" ON "AdminLog"("createdAt", "id");

-- CreateIndex
CREATE INDEX "OutboxMessage_deadAt_nextAttemptAt_idx" ON "OutboxMessage"("deadAt", "nextAttemptAt");
