-- aSELECT 1;
