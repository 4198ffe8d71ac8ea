-- AlterTable
ALTER TABLE "OutboxMessage" ADD COLUMN "changeId" TEXT;

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

-- CreateIndex
CREATE INDEX "Change_createdAt_idx" ON "Change"("createdAt");

-- CreateIndex
CREATE INDEX "Change_subjectId_idx" ON "Change"("subjectId");

-- CreateIndex
CREATE INDEX "OutboxMessage_subjectId_idx" ON "OutboxMessage"("subjectId");

-- CreateIndex
CREATE INDEX "OutboxMessage_changeId_idx" ON "OutboxMessage"("changeId");
