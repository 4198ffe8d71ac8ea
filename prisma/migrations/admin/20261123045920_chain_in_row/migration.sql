-- AlterTable
ALTER TABLE "AdminLog" ADD COLUMN "chainHash" TEXT;
ALTER TABLE "AdminLog" ADD COLUMN "chainPosition" INTEGER;
