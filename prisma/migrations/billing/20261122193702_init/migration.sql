-- Marks the file as billing.db, so that a wrong file at its path is refused: 'GGBi' in ASCII.
PRAGMA application_id = 0x47474269;

-- CreateTable
CREATE TABLE "Subscription" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "tier" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "payfastToken" TEXT,
    "credits" INTEGER NOT NULL DEFAULT 0,
    "creditsUsed" INTEGER NOT NULL DEFAULT 0,
    "monthlyCredits" INTEGER NOT NULL DEFAULT 0,
    "imagesUsed" INTEGER NOT NULL DEFAULT 0,
    "imagesLimit" INTEGER NOT NULL DEFAULT 50,
    "startedAt" DATETIME,
    "nextBilling" DATETIME,
    "lastReset" DATETIME,
    "paymentFailedAt" DATETIME,
    "retryCount" INTEGER NOT NULL DEFAULT 0,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "CreditPurchase" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "packSize" TEXT NOT NULL,
    "credits" INTEGER NOT NULL,
    "pfPaymentId" TEXT,
    "status" TEXT NOT NULL,
    "expiresAt" DATETIME,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- CreateTable
CREATE TABLE "ProcessedPayment" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "pfPaymentId" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "amountCents" INTEGER NOT NULL,
    "userId" TEXT NOT NULL,
    "processedAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- CreateTable
CREATE TABLE "RecurringSchedule" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "tier" TEXT NOT NULL,
    "amountCents" INTEGER NOT NULL,
    "token" TEXT NOT NULL,
    "frequency" TEXT NOT NULL DEFAULT 'monthly',
    "nextChargeAt" DATETIME NOT NULL,
    "lastChargedAt" DATETIME,
    "chargeCount" INTEGER NOT NULL DEFAULT 0,
    "maxCharges" INTEGER NOT NULL DEFAULT 12,
    "status" TEXT NOT NULL DEFAULT 'active',
    "failedCount" INTEGER NOT NULL DEFAULT 0,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "SubscriptionEvent" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "subscriptionId" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "event" TEXT NOT NULL,
    "fromTier" TEXT,
    "toTier" TEXT,
    "fromStatus" TEXT,
    "toStatus" TEXT,
    "actor" TEXT,
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
CREATE UNIQUE INDEX "Subscription_userId_key" ON "Subscription"("userId");

-- CreateIndex
CREATE INDEX "Subscription_tier_userId_idx" ON "Subscription"("tier", "userId");

-- CreateIndex
CREATE INDEX "Subscription_status_userId_idx" ON "Subscription"("status", "userId");

-- CreateIndex
CREATE INDEX "Subscription_credits_id_idx" ON "Subscription"("credits", "id");

-- CreateIndex
CREATE INDEX "Subscription_createdAt_id_idx" ON "Subscription"("createdAt", "id");

-- CreateIndex
CREATE INDEX "CreditPurchase_userId_idx" ON "CreditPurchase"("userId");

-- CreateIndex
CREATE INDEX "CreditPurchase_createdAt_id_idx" ON "CreditPurchase"("createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "ProcessedPayment_pfPaymentId_key" ON "ProcessedPayment"("pfPaymentId");

-- CreateIndex
CREATE INDEX "ProcessedPayment_userId_idx" ON "ProcessedPayment"("userId");

-- CreateIndex
CREATE INDEX "ProcessedPayment_processedAt_id_idx" ON "ProcessedPayment"("processedAt", "id");

-- CreateIndex
CREATE INDEX "RecurringSchedule_userId_idx" ON "RecurringSchedule"("userId");

-- CreateIndex
CREATE INDEX "RecurringSchedule_status_nextChargeAt_idx" ON "RecurringSchedule"("status", "nextChargeAt");

-- CreateIndex
CREATE INDEX "RecurringSchedule_createdAt_id_idx" ON "RecurringSchedule"("createdAt", "id");

-- CreateIndex
CREATE INDEX "SubscriptionEvent_subscriptionId_idx" ON "SubscriptionEvent"("subscriptionId");

-- CreateIndex
CREATE INDEX "SubscriptionEvent_userId_idx" ON "SubscriptionEvent"("userId");

-- CreateIndex
CREATE INDEX "SubscriptionEvent_event_idx" ON "SubscriptionEvent"("event");

-- CreateIndex
CREATE INDEX "SubscriptionEvent_actor_idx" ON "SubscriptionEvent"("actor");

-- CreateIndex
CREATE INDEX "SubscriptionEvent_createdAt_id_idx" ON "SubscriptionEvent"("createdAt", "id");

-- CreateIndex
CREATE INDEX "OutboxMessage_deadAt_nextAttemptAt_idx" ON "OutboxMessage"("deadAt", "nextAttemptAt");
