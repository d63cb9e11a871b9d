-- Notes can be pinned to the top. The default lets the running version,
-- which does not know the column, go on adding notes.
ALTER TABLE `notes` ADD COLUMN `pinned` integer NOT NULL DEFAULT 0;
-- The list is read in this order.
CREATE INDEX `notes_by_pin` ON `notes` (`pinned`, `id`);
