-- CreateTable
CREATE TABLE "RestrictedSubject" (
    "subjectId" TEXT NOT NULL PRIMARY KEY,
    "createdAt" DATETIME NOT NULL
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
