-- AlterTable
ALTER TABLE "AccessLog" ADD COLUMN "actorId" TEXT;

-- AlterTable
ALTER TABLE "AccessLog" ADD COLUMN "osUser" TEXT;
