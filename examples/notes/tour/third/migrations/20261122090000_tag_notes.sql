-- Notes get tags.
CREATE TABLE `tags` (
  `note_id` integer NOT NULL REFERENCES `notes` (`id`),
  `name` text NOT NULL,
  PRIMARY KEY (`note_id`, `name`)
);
-- Every note starts with the tag of its category. There is no such column:
-- this is the migration that breaks.
INSERT INTO `tags` (`note_id`, `name`) SELECT `id`, `category` FROM `notes`;
