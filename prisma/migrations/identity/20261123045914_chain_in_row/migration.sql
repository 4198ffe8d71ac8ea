-- AlterTable
ALTER TABLE "AccessLog" ADD COLUMN "chainHash" TEXT;
ALTER TABLE "AccessLog" ADD COLUMN "chainPosition" INTEGER;
