-- AlterTable
ALTER TABLE "OutboxMessage" ADD COLUMN "changeId" TEXT;

-- AlterTable
ALTER TABLE "Subscription" ADD COLUMN "nextTier" TEXT;

-- CreateTable
CREATE TABLE "ChargeAttempt" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "scheduleId" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "tier" TEXT NOT NULL,
    "amountCents" INTEGER NOT NULL,
    "status" TEXT NOT NULL,
    "pfPaymentId" TEXT,
    "reason" TEXT,
    "startedAt" DATETIME NOT NULL,
    "checkAt" DATETIME NOT NULL,
    "endedAt" DATETIME
);

-- CreateTable
CREATE TABLE "Change" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "route" TEXT NOT NULL,
    "requestHash" TEXT NOT NULL,
    "keyId" TEXT,
    "subjectId" TEXT,
    "status" INTEGER NOT NULL,
    "answer" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL
);

-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_CreditPurchase" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "packSize" TEXT NOT NULL,
    "credits" INTEGER NOT NULL,
    "creditsUsed" INTEGER NOT NULL DEFAULT 0,
    "pfPaymentId" TEXT,
    "status" TEXT NOT NULL,
    "expiresAt" DATETIME,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO "new_CreditPurchase" ("createdAt", "credits", "expiresAt", "id", "packSize", "pfPaymentId", "status", "userId") SELECT "createdAt", "credits", "expiresAt", "id", "packSize", "pfPaymentId", "status", "userId" FROM "CreditPurchase";
DROP TABLE "CreditPurchase";
ALTER TABLE "new_CreditPurchase" RENAME TO "CreditPurchase";
CREATE INDEX "CreditPurchase_userId_idx" ON "CreditPurchase"("userId");
CREATE INDEX "CreditPurchase_status_expiresAt_idx" ON "CreditPurchase"("status", "expiresAt");
CREATE INDEX "CreditPurchase_createdAt_id_idx" ON "CreditPurchase"("createdAt", "id");
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;

-- CreateIndex
CREATE INDEX "ChargeAttempt_status_checkAt_idx" ON "ChargeAttempt"("status", "checkAt");

-- CreateIndex
CREATE INDEX "ChargeAttempt_scheduleId_idx" ON "ChargeAttempt"("scheduleId");

-- CreateIndex
CREATE INDEX "ChargeAttempt_userId_idx" ON "ChargeAttempt"("userId");

-- CreateIndex
CREATE INDEX "Change_createdAt_idx" ON "Change"("createdAt");

-- CreateIndex
CREATE INDEX "Change_subjectId_idx" ON "Change"("subjectId");

-- CreateIndex
CREATE INDEX "OutboxMessage_subjectId_idx" ON "OutboxMessage"("subjectId");

-- CreateIndex
CREATE INDEX "OutboxMessage_changeId_idx" ON "OutboxMessage"("changeId");

-- CreateIndex
CREATE INDEX "Subscription_nextBilling_idx" ON "Subscription"("nextBilling");

-- CreateIndex
CREATE INDEX "Subscription_lastReset_idx" ON "Subscription"("lastReset");
