-- AlterTable
ALTER TABLE "SubscriptionEvent" ADD COLUMN "chainHash" TEXT;
ALTER TABLE "SubscriptionEvent" ADD COLUMN "chainPosition" INTEGER;
