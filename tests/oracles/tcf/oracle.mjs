// The IAB's own encoder and decoder, a line of JSON in and a line of JSON out:
//   {"encode": {…}}  ->  {"text": "…"}
//   {"decode": "…"}  ->  {"model": {…}} or {"refused": true}
// Vendors, purposes and the like are lists of numbers; instants are milliseconds.

import { createInterface } from "node:readline";
import { GVL, PurposeRestriction, TCModel, TCString } from "@iabtechlabtcf/core";

const VENDORS = 400; // of a made-up vendor list, in which each may do everything
const PURPOSES = 11;

const range = (count) => Array.from({ length: count }, (_, at) => at + 1);
const named = (ids) => Object.fromEntries(ids.map((id) => [id, { id, name: "", description: "" }]));

const list = {
  gvlSpecificationVersion: 3, vendorListVersion: 120, tcfPolicyVersion: 5,
  lastUpdated: "2026-01-01T00:00:00Z",
  purposes: named(range(PURPOSES)), specialPurposes: named([1, 2, 3]), features: named([1, 2, 3]),
  specialFeatures: named([1, 2]), stacks: {}, dataCategories: {},
  vendors: Object.fromEntries(range(VENDORS).map((id) => [id, {
    id, name: "", purposes: range(PURPOSES), legIntPurposes: [2, 7, 8, 9, 10, 11],
    flexiblePurposes: [2, 7, 8, 9, 10, 11], specialPurposes: [1], features: [1], specialFeatures: [1],
  }])),
};

function model(given) {
  const tc = new TCModel(new GVL(structuredClone(list)));
  tc.cmpId = given.cmp;
  tc.cmpVersion = given.cmp_version;
  tc.consentScreen = given.screen;
  tc.consentLanguage = given.language;
  tc.publisherCountryCode = given.country;
  tc.isServiceSpecific = given.service_specific;
  tc.useNonStandardTexts = given.other_texts;
  tc.purposeOneTreatment = given.purpose_one_undisclosed;
  tc.specialFeatureOptins.set(given.special_features);
  tc.purposeConsents.set(given.purposes);
  tc.purposeLegitimateInterests.set(given.legitimate_interests);
  tc.vendorConsents.set(given.vendors);
  tc.vendorLegitimateInterests.set(given.vendors_legitimate_interest);
  tc.vendorsDisclosed.set(given.disclosed);
  for (const [purpose, type, vendors] of given.restrictions) {
    for (const vendor of vendors) tc.publisherRestrictions.add(vendor, new PurposeRestriction(purpose, type));
  }
  if (given.publisher) {
    tc.numCustomPurposes = given.publisher.custom;
    tc.publisherConsents.set(given.publisher.consents);
    tc.publisherLegitimateInterests.set(given.publisher.legitimate_interests);
    tc.publisherCustomConsents.set(given.publisher.custom_consents);
    tc.publisherCustomLegitimateInterests.set(given.publisher.custom_legitimate_interests);
  }
  tc.created = new Date(given.created);
  tc.lastUpdated = new Date(given.updated);
  return tc;
}

const set = (vector) => {
  const found = [];
  vector.forEach((value, id) => { if (value) found.push(id); });
  return found;
};

function told(tc) {
  return {
    version: tc.version, created: tc.created.getTime(), updated: tc.lastUpdated.getTime(),
    cmp: tc.cmpId, cmp_version: tc.cmpVersion, screen: tc.consentScreen,
    language: tc.consentLanguage, country: tc.publisherCountryCode,
    vendor_list: tc.vendorListVersion, policy: tc.policyVersion,
    service_specific: tc.isServiceSpecific, other_texts: tc.useNonStandardTexts,
    purpose_one_undisclosed: tc.purposeOneTreatment,
    special_features: set(tc.specialFeatureOptins), purposes: set(tc.purposeConsents),
    legitimate_interests: set(tc.purposeLegitimateInterests),
    vendors: set(tc.vendorConsents), vendors_legitimate_interest: set(tc.vendorLegitimateInterests),
    disclosed: set(tc.vendorsDisclosed),
    restrictions: tc.publisherRestrictions.getRestrictions().map((each) => [
      each.purposeId, each.restrictionType, tc.publisherRestrictions.getVendors(each),
    ]),
    publisher: {
      consents: set(tc.publisherConsents),
      legitimate_interests: set(tc.publisherLegitimateInterests),
      custom_consents: set(tc.publisherCustomConsents),
      custom_legitimate_interests: set(tc.publisherCustomLegitimateInterests),
    },
  };
}

function answer(asked) {
  if (asked.encode) return { text: TCString.encode(model(asked.encode)) };
  try {
    return { model: told(TCString.decode(asked.decode)) };
  } catch {
    return { refused: true };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(line)))}\n`);
}
